//! 与第三方共享个人信息清单: a row for each recipient that is not the app's maker, read or not.

use super::{BETWEEN, Table, Tables, once, sheet};
use crate::audit::JudgedFlow;
use crate::observations::{Contact, Role};
use crate::policy::ThirdParty;
use crate::report::language::tables::{SHARED, SHARED_HEADS};
use crate::report::sheet::{Cell, Row, Sheet};
use crate::report::view;

impl Tables<'_> {
    /// A recipient whose messages stayed closed stands here too, with what was not read.
    pub(super) fn shared(&self) -> Sheet {
        let third = |contact: &&Contact| {
            !contact.noise && !matches!(self.role(&contact.recipient), None | Some(Role::FirstParty | Role::OtherApp))
        };
        let contacts = self.report.contacts.iter().filter(third);
        let rows = contacts.zip(1u64..).map(|(contact, number)| self.shared_row(contact, number));
        sheet(Table::Shared, SHARED, SHARED_HEADS, rows.collect())
    }

    fn shared_row(&self, contact: &Contact, number: u64) -> Row {
        let (report, language) = (self.report, self.language);
        let words = language.words();
        let flows: Vec<&JudgedFlow> =
            self.index.flows(&contact.recipient).filter(|judged| !judged.flow.noise).collect();
        let recipient = report.recipients.get(&contact.recipient);
        let company = recipient.and_then(|r| report.companies.get(r.company.as_ref()?));
        let (scenarios, phases) = self.when(&flows);
        let mut declared: Vec<&ThirdParty> = Vec::new();
        for row in flows.iter().filter_map(|judged| self.declared_in(judged)).chain(self.rows_of(&contact.recipient)) {
            if !declared.iter().any(|known| std::ptr::eq(*known, row)) {
                declared.push(row);
            }
        }
        let said = |of: fn(&ThirdParty) -> &Option<String>| once(declared.iter().filter_map(|row| of(row).clone()));
        let type_of = |judged: &&JudgedFlow| view::type_name(report, &judged.flow.data_type, language);
        let against = |judged: &&JudgedFlow| {
            let code = judged.verdict.as_ref().map(|verdict| format!(" ({})", verdict.code)).unwrap_or_default();
            format!("{}{}{}{code}", type_of(judged), language.colon(), self.verdict(judged))
        };
        let judged = report.findings.iter().filter(|f| f.recipient == contact.recipient && f.data_type.is_none());
        let methods = flows.iter().flat_map(|judged| self.index.sightings(&judged.flow.sightings));
        let closed = contact.closed.iter().map(|(reason, n)| format!("{} {n}", words.term(reason.as_str())));
        let networks = contact.networks.iter().filter_map(|network| network.country.clone());
        let places = declared.iter().filter_map(|row| row.spans.first());
        Row::from(vec![
            Cell::from(number),
            view::recipient_name(report, &contact.recipient, language).into(),
            contact.recipient.as_str().into(),
            company.map(|c| language.pick(&c.zh, &c.en).to_owned()).unwrap_or_default().into(),
            company.and_then(|c| c.country.clone()).unwrap_or_default().into(),
            self.role(&contact.recipient).map(|role| self.term(&role)).unwrap_or_default().into(),
            once(flows.iter().map(type_of)).into(),
            said(|row| &row.purpose).into(),
            said(|row| &row.scenario).into(),
            said(|row| &row.method).into(),
            scenarios.into(),
            // What was not read has a phase as well.
            if phases.is_empty() { once(contact.phases.keys().map(|p| words.term(p).to_owned())) } else { phases }
                .into(),
            once(methods.map(|s| format!("{}, {}", self.wire(s.wire), view::form(s, language)))).into(),
            contact.hosts.join(BETWEEN).into(),
            once(networks).into(),
            contact.messages.into(),
            once(closed).into(),
            contact.sealed.into(),
            contact.sent_bytes.into(),
            contact.first.to_string().into(),
            contact.last.to_string().into(),
            once(flows.iter().map(against).chain(judged.map(|finding| finding.code.clone()))).into(),
            once(places.map(|span| view::quote(span, report, language).place)).into(),
            said(|row| &row.link).into(),
        ])
    }

    /// The rows of the policy that name a recipient.
    fn rows_of(&self, recipient: &str) -> impl Iterator<Item = &ThirdParty> {
        let product = self.report.recipients.get(recipient).and_then(|r| r.product.as_deref());
        let names = move |row: &&ThirdParty| row.resolved.iter().any(|known| Some(known.product.as_str()) == product);
        self.report.declarations.third_parties.iter().filter(names)
    }
}
