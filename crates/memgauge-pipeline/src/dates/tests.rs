use jiff::civil::{Date, DateTime, date};

use super::{Resolved, durations, find};

/// Wednesday.
fn said() -> DateTime {
    date(2024, 3, 13).at(18, 30, 0, 0)
}

fn phrases(text: &str) -> Vec<(String, String)> {
    find(text, said())
        .into_iter()
        .map(|mention| {
            (
                text[mention.span.clone()].to_owned(),
                mention.value.phrase(),
            )
        })
        .collect()
}

#[test]
fn expressions_resolve_to_the_written_form() {
    let table = [
        ("We moved in yesterday.", "yesterday", "12 March 2024"),
        ("I baked bread last night", "last night", "12 March 2024"),
        (
            "We leave tomorrow morning!",
            "tomorrow morning",
            "14 March 2024",
        ),
        (
            "It broke the day before yesterday",
            "the day before yesterday",
            "11 March 2024",
        ),
        (
            "She called three days ago.",
            "three days ago",
            "10 March 2024",
        ),
        ("He left 20 days ago.", "20 days ago", "22 February 2024"),
        (
            "I hurt my knee a couple of days ago",
            "a couple of days ago",
            "11 March 2024",
        ),
        (
            "We met a few days ago",
            "a few days ago",
            "A few days before 13 March 2024",
        ),
        (
            "Last week's recital went well",
            "Last week",
            "The week before 13 March 2024",
        ),
        (
            "I saw them two weeks ago",
            "two weeks ago",
            "Two weeks before 13 March 2024",
        ),
        (
            "We dance next week",
            "next week",
            "The week after 13 March 2024",
        ),
        (
            "We rested over the weekend",
            "the weekend",
            "The weekend before 13 March 2024",
        ),
        (
            "Two weekends ago it rained",
            "Two weekends ago",
            "Two weekends before 13 March 2024",
        ),
        (
            "Last Fri we sang",
            "Last Fri",
            "The Friday before 13 March 2024",
        ),
        (
            "This past Sunday we rowed",
            "This past Sunday",
            "The Sunday before 13 March 2024",
        ),
        (
            "See you next Monday",
            "next Monday",
            "The Monday after 13 March 2024",
        ),
        (
            "I will visit her on Friday",
            "Friday",
            "The Friday after 13 March 2024",
        ),
        (
            "On Friday I sold the car",
            "Friday",
            "The Friday before 13 March 2024",
        ),
        ("We start this month", "this month", "March 2024"),
        ("I quit last month", "last month", "February 2024"),
        ("We sail next month", "next month", "April 2024"),
        ("I quit four months ago", "four months ago", "November 2023"),
        ("He retired last year", "last year", "2023"),
        ("He retired ten years ago", "ten years ago", "2014"),
        ("She moved a decade ago", "a decade ago", "2014"),
        ("We camped last summer", "last summer", "The summer of 2023"),
        (
            "We camped in the summer of 2019",
            "summer of 2019",
            "The summer of 2019",
        ),
        ("Born on 7 May 1990.", "7 May 1990", "7 May 1990"),
        ("Born on May 7th, 1990.", "May 7th, 1990", "7 May 1990"),
        ("Due 2024-04-02.", "2024-04-02", "2 April 2024"),
        ("We wed on the 2nd of June", "2nd of June", "2 June 2023"),
        ("We will wed on June 2", "June 2", "2 June 2024"),
        ("He flew home in October", "October", "October 2023"),
        ("Since May we have a dog", "May", "May 2023"),
        ("I got it on the 15th", "15th", "15 February 2024"),
        ("In 2016 we met", "2016", "2016"),
        ("We will open in two months", "two months", "May 2024"),
    ];
    for (text, words, phrase) in table {
        assert_eq!(
            phrases(text),
            [(words.to_owned(), phrase.to_owned())],
            "{text}"
        );
    }
}

#[test]
fn look_alikes_are_no_dates() {
    for text in [
        "You may march on in the fall of prices",
        "I sat in the sun",
        "We had 15 guests on the 15th floor",
        "It took 3 days",
        "Next time, this one",
        "Room 1204 costs 350",
        "Every Monday I swim",
        "I bought a Rover 2000 and played Star Farm 2099",
    ] {
        assert_eq!(phrases(text), [], "{text}");
    }
}

#[test]
fn several_dates_come_in_order_without_overlap() {
    let text = "Yesterday I booked; we fly on 3 May 2024 and return next year.";
    let found = phrases(text);
    assert_eq!(
        found
            .iter()
            .map(|(words, _)| words.as_str())
            .collect::<Vec<_>>(),
        ["Yesterday", "3 May 2024", "next year"]
    );
}

#[test]
fn phrases_take_their_preposition() {
    let adverbial = |text: &str| find(text, said())[0].value.adverbial();
    assert_eq!(adverbial("yesterday"), "on 12 March 2024");
    assert_eq!(adverbial("last week"), "in the week before 13 March 2024");
    assert_eq!(
        adverbial("last Tuesday"),
        "on the Tuesday before 13 March 2024"
    );
    assert_eq!(adverbial("two weeks ago"), "two weeks before 13 March 2024");
    assert_eq!(adverbial("last year"), "in 2023");
}

#[test]
fn ranges_hold_the_days_meant() {
    let range = |text: &str| find(text, said())[0].value.range();
    let days = |a: Date, b: Date| (a, b);
    assert_eq!(
        range("last Tuesday"),
        days(date(2024, 3, 12), date(2024, 3, 12))
    );
    assert_eq!(
        range("next Wednesday"),
        days(date(2024, 3, 20), date(2024, 3, 20))
    );
    assert_eq!(
        range("last weekend"),
        days(date(2024, 3, 9), date(2024, 3, 10))
    );
    assert_eq!(
        range("two weekends ago"),
        days(date(2024, 3, 2), date(2024, 3, 3))
    );
    assert_eq!(
        range("next weekend"),
        days(date(2024, 3, 16), date(2024, 3, 17))
    );
    assert_eq!(
        range("this week"),
        days(date(2024, 3, 11), date(2024, 3, 17))
    );
    assert_eq!(
        range("last month"),
        days(date(2024, 2, 1), date(2024, 2, 29))
    );
    assert!(Resolved::Month(2024, 3).overlaps(&Resolved::Day(date(2024, 3, 31))));
    assert!(!Resolved::Month(2024, 3).overlaps(&Resolved::Day(date(2024, 4, 1))));
}

#[test]
fn lengths_of_time_are_told_from_moments() {
    let text = "I knew her for 4 years, then a few weeks apart, and two months ago we met";
    let found: Vec<_> = durations(text)
        .into_iter()
        .map(|m| (text[m.span.clone()].to_owned(), m.value.phrase(), m.is_ago))
        .collect();
    assert_eq!(
        found,
        [
            ("4 years".to_owned(), "four years".to_owned(), false),
            ("a few weeks".to_owned(), "a few weeks".to_owned(), false),
            ("two months".to_owned(), "two months".to_owned(), true),
        ]
    );
    let since = |text: &str| durations(text)[0].value.before(said()).map(|r| r.phrase());
    assert_eq!(since("for 3 years"), Some("2021".to_owned()));
    assert_eq!(since("for a month now"), Some("February 2024".to_owned()));
    assert_eq!(since("for two hours"), None);
}
