//! `audit` and `report`: observations and a policy to findings, and findings to paper.

use criterion::{BatchSize, Criterion};
use wirewitness::audit::{Report, SessionFacts, audit};
use wirewitness::examine::{Settings, examine};
use wirewitness::observations::Observations;
use wirewitness::policy::Policy;
use wirewitness::report::{Language, html, json};

use super::sample::{self, SIGNATURES};

/// Both sides of a sample session.
fn sides() -> (Observations, Policy, SessionFacts) {
    let session = sample::session("aftersales");
    let settings = Settings { threads: 1, show_values: false };
    let observations = examine(&session, &SIGNATURES, settings, &mut |_| ()).expect("examined");
    let policies = [session.policy().expect("a policy")];
    let policy = wirewitness::policy::read(&policies, &SIGNATURES).expect("a policy");
    let facts = SessionFacts { first_party: session.description.first_party, ..SessionFacts::default() };
    (observations, policy, facts)
}

pub fn hold(criterion: &mut Criterion) {
    let sides = sides();
    criterion.benchmark_group("audit").bench_function("aftersales", |bencher| {
        let judge = |(observations, policy, facts)| audit(observations, policy, facts, &SIGNATURES);
        bencher.iter_batched(|| sides.clone(), judge, BatchSize::SmallInput);
    });
}

pub fn report(criterion: &mut Criterion) {
    let (observations, policy, facts) = sides();
    let report: Report = audit(observations, policy, facts, &SIGNATURES);
    let mut group = criterion.benchmark_group("report");
    group.bench_function("JSON", |bencher| bencher.iter(|| json::render(&report).expect("rendered")));
    group.bench_function("page", |bencher| bencher.iter(|| html::render(&report, Language::En).expect("rendered")));
}
