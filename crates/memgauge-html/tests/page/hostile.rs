//! Markup and script in data stay text.

use memgauge_html::PageOptions;

use crate::run;

const HOSTILE: &str = "</script></style><img src=x onerror=\"window.owned=1\"><script>window.owned=1</script>{{ 7*7 }}&amp;'\"<!--";

#[test]
fn text_from_data_never_becomes_markup() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let hostile = |text: &str| format!("{text} {HOSTILE}");
    let names = [hostile("one"), hostile("two")];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    run::write(&path, &names, hostile);
    let page = run::of(&[path], &PageOptions::default());
    // The name of the run, of the dataset and of the systems stand in the frame; everything else is packed.
    assert!(
        page.html.contains("one &lt;&#x2f;script&gt;"),
        "escaped, not dropped"
    );
    assert!(page.html.contains("{{ 7*7 }}"));
    assert!(!page.html.contains("window.owned=1\">"));
    assert!(!page.html.contains("<img") && !page.html.contains("onerror=\""));
    let tags = |tag: &str| page.html.matches(tag).count();
    // Index, one conversation, and the page's script.
    assert_eq!((tags("<script"), tags("</script")), (3, 3));
    assert_eq!((tags("<style"), tags("</style")), (1, 1));
    assert_eq!(tags("<!--"), 0);
    let index = run::unpacked(&page, "index");
    assert_eq!(index["systems"][0]["name"], names[0]);
    assert_eq!(index["questions"][0][3], hostile("asked"));
    let part = run::unpacked(&page, "0");
    assert_eq!(
        part["questions"][0]["answers"][0][0]["judgements"][0][2],
        hostile("reply")
    );
    let texts: Vec<&str> = part["texts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|t| t.as_str())
        .collect();
    assert_eq!(texts, [hostile("memory 0"), hostile("memory 1")]);
}
