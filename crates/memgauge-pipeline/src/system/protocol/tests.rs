use memgauge_core::config::check;
use serde_json::json;

use super::*;
use crate::extractor::ExtractorConfig;
use crate::retriever::RetrieverConfig;
use crate::system::SystemConfig;
use crate::update::UpdateConfig;

fn system(value: Value) -> Mem0Config {
    let SystemConfig::Mem0(config) = serde_json::from_value(value).unwrap() else {
        panic!("no mem0");
    };
    config
}

fn problems(value: &Value) -> Vec<String> {
    let schema = schemars::schema_for!(SystemConfig).to_value();
    check(&schema, &filled(value))
        .into_iter()
        .map(|problem| format!("{}: {}", problem.path, problem.message))
        .collect()
}

#[test]
fn a_protocol_alone_is_its_defaults() {
    for protocol in Protocol::ALL {
        let value = json!({"kind": "mem0", "protocol": protocol.name()});
        assert_eq!(system(value.clone()), protocol.into());
        assert_eq!(problems(&value), [""; 0]);
        assert_eq!(Protocol::named(protocol.name()), Some(protocol));
        // What was resolved is read as it is.
        let config: SystemConfig = serde_json::from_value(value).unwrap();
        let resolved = serde_json::to_value(&config).unwrap();
        assert_eq!(problems(&resolved), [""; 0]);
        assert_eq!(
            serde_json::from_value::<SystemConfig>(resolved).unwrap(),
            config
        );
    }
    assert_eq!(system(json!({"kind": "mem0"})).protocol, Protocol::Mem02504);
}

#[test]
fn single_switches_are_changed_and_the_others_stay() {
    let value = json!({
        "kind": "mem0", "protocol": "mem0-eval",
        "retriever": {"k": 10},
        "extractor": {"kind": "llm", "batch": 4, "summary": {"enabled": true}},
        "update": {"kind": "append"},
        "consolidation": {"kind": "background"},
    });
    assert_eq!(problems(&value), [""; 0]);
    let mut expected = Protocol::Mem0Eval.defaults();
    if let (RetrieverConfig::Dense(dense), ExtractorConfig::Llm(llm)) =
        (&mut expected.retriever, &mut expected.extractor)
    {
        dense.k = Some(10);
        llm.batch = 4;
        llm.summary.enabled = true;
    }
    expected.update = UpdateConfig::Append(Default::default());
    expected.consolidation = ConsolidationConfig::Background { queue: 64 };
    assert_eq!(system(value).parts, expected);
    // Another kind brings its own defaults.
    let value = json!({"kind": "mem0", "extractor": {"kind": "rules"}});
    assert_eq!(
        system(value).parts.extractor,
        ExtractorConfig::Rules(Default::default())
    );
}

#[test]
fn mistakes_stay_mistakes() {
    let value = json!({
        "kind": "mem0", "protocol": "mem0-eval",
        "retriever": {"kk": 10}, "extractor": {"summary": {"lags": 1}}, "retrever": {},
    });
    let found = problems(&value).join("\n");
    for part in [
        "retriever.kk: unknown key `kk`",
        "extractor.summary.lags: unknown key `lags`, did you mean `lag`?",
        "retrever: unknown key `retrever`, did you mean `retriever`?",
    ] {
        assert!(found.contains(part), "{found}");
    }
    assert_eq!(found.lines().count(), 3, "{found}");
    let found = problems(&json!({"kind": "mem0", "protocol": "mem0-evil", "retriever": {"k": 3}}));
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("did you mean `mem0-eval`?"), "{found:?}");
    // Without the check, as a library reads it.
    let error = serde_json::from_value::<SystemConfig>(value).unwrap_err();
    assert!(error.to_string().contains("unknown field"), "{error}");
    // Other systems are not filled.
    let turns = json!({"kind": "turns", "retriever": {"k": 3}});
    assert_eq!(filled(&turns), turns);
    assert!(problems(&turns)[0].contains("missing key `kind`"));
}

#[test]
fn every_protocol_tells_what_it_does_otherwise() {
    for protocol in Protocol::ALL {
        let deviations = protocol.deviations();
        assert!(deviations.len() > 4, "{}", protocol.name());
        for each in &deviations {
            for text in [each.key, each.original, each.ours, each.why] {
                assert!(!text.is_empty());
            }
        }
        // Keys that look like keys are keys.
        let table = serde_json::to_value(protocol.defaults()).unwrap();
        for key in deviations.iter().map(|each| each.key) {
            // A part that has no key says so in words; graphs are tested where they are.
            if key.contains(' ') || key.starts_with("graph") {
                continue;
            }
            let found = key.split('.').try_fold(&table, |table, key| table.get(key));
            assert!(found.is_some(), "{key}");
        }
    }
}
