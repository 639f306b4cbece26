#!/usr/bin/env python3
"""How well the policy reader does: tests/policy_score.py BINARY FOLDER [-v]

FOLDER holds policies NAME.{txt,md,html} with NAME.expected.json beside them. For each
it prints third parties found / expected / extra, their data items the same, the app's
own data, claims right of four, and category disclosures; then totals with F1.
"""
import json, re, subprocess, sys, unicodedata
from pathlib import Path

CLAIMS = ("storage_country", "transport_encryption", "consent_before_collection", "cross_border")


def key(text):
    text = unicodedata.normalize("NFKC", text or "").lower()
    return re.sub(r"[\W_]+", "", text)


def same(found, expected):
    """Two records are of one third party: names equal, or one within the other."""
    fp, ep = key(found.get("product")), key(expected.get("product"))
    fc, ec = key(found.get("company")), key(expected.get("company"))
    if fp and ep:
        score = 3 if fp == ep else 2 if fp in ep or ep in fp else 0
    elif not fp and not ep:
        score = 2 if fc and fc == ec else 0
    else:
        a, b = fp or fc, ep or ec
        score = 1 if a and b and (a in b or b in a) else 0
    if score and fc and ec and fc == ec:
        score += 0.5
    return score


def pair(found, expected):
    options = sorted(
        ((same(f, e), -abs(i - j), i, j) for i, f in enumerate(found) for j, e in enumerate(expected) if same(f, e)),
        reverse=True,
    )
    pairs, used_f, used_e = [], set(), set()
    for _, _, i, j in options:
        if i not in used_f and j not in used_e:
            pairs.append((i, j)); used_f.add(i); used_e.add(j)
    return pairs


def f1(hit, found, expected):
    return 1.0 if found == expected == 0 else 2 * hit / (found + expected)


def main():
    binary, folder = sys.argv[1], Path(sys.argv[2])
    verbose = "-v" in sys.argv
    total = dict(p=[0, 0, 0], d=[0, 0, 0], o=[0, 0, 0], c=[0, 0], k=[0, 0, 0])
    cases = sorted(folder.glob("*.expected.json"))
    if not cases:
        sys.exit(f"no policies with expectations in {folder}")
    for case in cases:
        name = case.name.removesuffix(".expected.json")
        expected = json.loads(case.read_text("utf-8"))
        files = [f for f in folder.iterdir() if f.stem == name and f != case]
        run = subprocess.run([binary, "policy", *map(str, files), "--format", "json"], capture_output=True)
        if run.returncode:
            print(f"{name}: {run.stderr.decode()}"); continue
        got = json.loads(run.stdout)
        f, e = got["third_parties"], expected["third_parties"]
        pairs = pair(f, e)
        p = [len(pairs), len(f), len(e)]
        d = [0, 0, 0]
        detail = []
        by_e = {j: i for i, j in pairs}
        for j, party in enumerate(e):
            want = set(party["data"])
            have = set(f[by_e[j]]["data"]) if j in by_e else set()
            d[0] += len(want & have); d[1] += len(have); d[2] += len(want)
            if j not in by_e:
                detail.append(f"    missing party: {party['product']} / {party['company']}")
            elif want != have:
                detail.append(f"    {party['product']}: -{sorted(want - have)} +{sorted(have - want)}")
            elif verbose and party["data"] != f[by_e[j]]["data"]:
                detail.append(f"    order {party['product']}: {f[by_e[j]]['data']}")
            if j in by_e:
                for field in ("company", "product", "link", "method", "scenario") + (("purpose",) if verbose else ()):
                    if field in party and (party.get(field) or "") != (f[by_e[j]].get(field) or ""):
                        detail.append(f"    {party['product']}.{field}: {f[by_e[j]].get(field)!r} not {party.get(field)!r}")
        for i, party in enumerate(f):
            if i not in {a for a, _ in pairs}:
                d[1] += len(party["data"])
                detail.append(f"    extra party: {party['product']} / {party['company']} {party['lines']}")
        want, have = set(expected.get("first_party_data", [])), set(got["first_party_data"])
        o = [len(want & have), len(have), len(want)]
        if want != have:
            detail.append(f"    own data: -{sorted(want - have)} +{sorted(have - want)}")
        want, have = set(expected.get("first_party_denied", [])), set(got["first_party_denied"])
        if want != have:
            detail.append(f"    own denied: -{sorted(want - have)} +{sorted(have - want)}")
        right = 0
        for claim in CLAIMS:
            if got["claims"].get(claim) == expected["claims"].get(claim):
                right += 1
            else:
                detail.append(f"    claim {claim}: {got['claims'].get(claim)!r} not {expected['claims'].get(claim)!r} {got['claim_locations'].get(claim)}"[:400])
        want = sorted((key(c["category"]), tuple(c["data"])) for c in expected.get("category_disclosures", []))
        have = sorted((key(c["category"]), tuple(c["data"])) for c in got["category_disclosures"])
        k = [sum(1 for c in want if c in have), len(have), len(want)]
        if want != have:
            detail.append(f"    kinds: {have} not {want}"[:600])
        for mine, all_ in ((p, "p"), (d, "d"), (o, "o"), (k, "k")):
            total[all_] = [a + b for a, b in zip(total[all_], mine)]
        total["c"] = [total["c"][0] + right, total["c"][1] + 4]
        print(f"{name:28} parties {p[0]}/{p[2]} (+{p[1]-p[0]})  data {d[0]}/{d[2]} (+{d[1]-d[0]})  "
              f"own {o[0]}/{o[2]} (+{o[1]-o[0]})  claims {right}/4  kinds {k[0]}/{k[2]} (+{k[1]-k[0]})")
        print("\n".join(detail)) if detail else None
    print(f"party F1 {f1(*total['p']):.4f}  data F1 {f1(*total['d']):.4f}  own data F1 {f1(*total['o']):.4f}  "
          f"claims {total['c'][0]}/{total['c'][1]}  kinds F1 {f1(*total['k']):.4f}")


main()
