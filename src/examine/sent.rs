//! What was sent, message by message, with everything in it: for comparing runs.

use super::apps::AppMap;
use super::lens::Lens;
use super::{Known, Remarks, first_pass, lens, read};
use crate::evidence::{Direction, Gap, Gaps};
use crate::examine::ExamineError;
use crate::identify::Hit;
use crate::message::{Kind, Message, Protocol};
use crate::observations::{Clock, Input};
use crate::party::Attribution;
use crate::payload::Leaf;
use crate::session::Session;
use crate::signatures::Signatures;

/// A sent message that could be read.
pub struct Sent<'a> {
    /// The message.
    pub message: &'a Message,
    /// Whom it went to.
    pub attribution: &'a Attribution,
    /// All its values.
    pub leaves: &'a [Leaf],
    /// What is known of them.
    pub hits: &'a [Hit],
}

/// What was read, and what could not be.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The inputs.
    pub inputs: Vec<Input>,
    /// Sent messages that were handed on.
    pub messages: u64,
    /// Streams that stayed closed.
    pub closed: u64,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
}

/// Hands every sent and readable message of the audited app to `sink`, with its values as
/// they are: what is printed of them is up to the caller.
pub fn sent(
    session: &Session,
    signatures: &Signatures,
    remarks: &mut Remarks<'_>,
    sink: &mut dyn FnMut(Sent<'_>),
) -> Result<Told, ExamineError> {
    let (mut messages, mut closed, mut found) = (0, 0, Gaps::default());
    let (inputs, mut gaps) = each_sent(session, signatures, true, remarks, &mut |lens, message, attribution| {
        if let Kind::Closed { .. } = message.kind {
            closed += 1;
            return;
        }
        if !message.opened || attribution.ignored.is_some() {
            return;
        }
        messages += 1;
        let recipient = &attribution.recipient;
        let product = recipient.product.as_deref().or(recipient.via.as_deref());
        let decoded = lens.decoder.leaves(&message, product);
        decoded.gaps.into_iter().for_each(|gap| found.add(gap));
        let hits = lens.identifier.find(&decoded.leaves, product, message.time).hits;
        sink(Sent { message: &message, attribution: &attribution, leaves: &decoded.leaves, hits: &hits });
    })?;
    gaps.merge(found);
    Ok(Told { inputs, messages, closed, gaps: gaps.into_vec() })
}

/// A sent message, for repeating what a report says of it.
pub struct Replayed<'a> {
    /// The message, opened or not.
    pub message: &'a Message,
    /// Whom it went to.
    pub attribution: &'a Attribution,
    /// All its values.
    pub leaves: &'a [Leaf],
}

/// Hands every sent message of the audited app to `sink`, also those of streams that stayed
/// closed, with all values of those that could be read. Nothing is identified.
///
/// # Errors
/// As those of [`super::examine`].
pub fn replay(
    session: &Session,
    signatures: &Signatures,
    remarks: &mut Remarks<'_>,
    sink: &mut dyn FnMut(Replayed<'_>),
) -> Result<(), ExamineError> {
    each_sent(session, signatures, false, remarks, &mut |lens, message, attribution| {
        let recipient = &attribution.recipient;
        let product = recipient.product.as_deref().or(recipient.via.as_deref());
        let leaves = if message.opened { lens.decoder.leaves(&message, product).leaves } else { Vec::new() };
        sink(Replayed { message: &message, attribution: &attribution, leaves: &leaves });
    })?;
    Ok(())
}

/// Hands every sent message of the audited app on, with whom it went to. A name that is asked
/// for goes to whoever answers for its zone.
pub(super) fn each_sent(
    session: &Session,
    signatures: &Signatures,
    show_values: bool,
    remarks: &mut Remarks<'_>,
    take: &mut dyn FnMut(&Lens<'_>, Message, Attribution),
) -> Result<(Vec<Input>, Gaps), ExamineError> {
    let (known, options) = first_pass(session, signatures, 1, remarks)?;
    let Known { sources, inputs, series, names, apps, first, mut gaps, .. } = known;
    let apps = AppMap::new(apps, &series, &session.witnesses);
    let skew = Clock::allowed_skew_ms(session.description.skew_ms(), &inputs);
    let lens = lens(session, signatures, show_values, (names, apps, first, skew), remarks)?;
    gaps.merge(read(&sources, series, &options, &lens.apps, &mut |message| {
        if message.direction == Direction::Received || lens.is_of_other_app(&message) {
            return true;
        }
        let message = match &message.kind {
            Kind::Dns(dns) if dns.response || message.protocol != Protocol::Dns => return true,
            Kind::Dns(dns) => Message { host: dns.names.first().cloned(), sni: None, ..message },
            _ => message,
        };
        let attribution = lens.attributor.attribute(&message);
        take(&lens, message, attribution);
        true
    })?);
    Ok((inputs, gaps))
}
