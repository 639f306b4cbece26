
"use strict";
(function () {
  var filters = document.getElementById("filters");
  var said = document.getElementById("filtered");
  if (filters && said) {
    var findings = Array.prototype.slice.call(document.querySelectorAll("#findings article"));
    var choices = Array.prototype.slice.call(filters.querySelectorAll("select"));
    var pick = function () {
      var shown = 0;
      findings.forEach(function (finding) {
        var fits = choices.every(function (choice) {
          var values = (finding.getAttribute("data-" + choice.name) || "").split(" ");
          return choice.value === "" || values.indexOf(choice.value) >= 0;
        });
        finding.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      said.textContent = said.getAttribute("data-words").replace("{}", shown).replace("{}", findings.length);
      said.hidden = shown === findings.length;
    };
    var all = function () {
      choices.forEach(function (choice) { choice.value = ""; });
      pick();
    };
    filters.hidden = false;
    filters.addEventListener("change", pick);
    filters.querySelector("button").addEventListener("click", all);
    // A link to a finding that is filtered out shows it.
    window.addEventListener("hashchange", function () {
      var target = document.querySelector(":target");
      if (target && target.hidden) { all(); target.scrollIntoView(); }
    });
    pick();
  }
  // A link to something folded opens it.
  var open = function () {
    var target = document.querySelector(":target");
    var folded = target && (target.tagName === "DETAILS" ? target : target.querySelector("details"));
    if (folded && target.tagName !== "SECTION") { folded.open = true; target.scrollIntoView(); }
  };
  window.addEventListener("hashchange", open);
  open();
  // Paper has no fold.
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (details) { details.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (details) { details.open = false; });
    opened = [];
  });
})();
