use super::third_person_sentence;

#[test]
fn first_person_becomes_the_speakers_name() {
    let cases = [
        ("I love kayaks.", "Mira loves kayaks."),
        ("I'm a nurse.", "Mira is a nurse."),
        ("I\u{2019}m a nurse.", "Mira is a nurse."),
        ("I am a nurse.", "Mira is a nurse."),
        ("I was tired.", "Mira was tired."),
        ("I've sold my boat.", "Mira has sold Mira's boat."),
        ("I have two boats.", "Mira has two boats."),
        ("I haven't slept.", "Mira hasn't slept."),
        ("I'll row tomorrow.", "Mira will row tomorrow."),
        ("I'd love to row.", "Mira would love to row."),
        ("I'd never been there.", "Mira had never been there."),
        ("I'd better go.", "Mira had better go."),
        ("I don't eat meat.", "Mira doesn't eat meat."),
        ("I do yoga.", "Mira does yoga."),
        ("I didn't go.", "Mira didn't go."),
        ("I can swim.", "Mira can swim."),
        ("I went to Lyon.", "Mira went to Lyon."),
        ("I painted it.", "Mira painted it."),
        ("I need a break.", "Mira needs a break."),
        ("I really miss him.", "Mira really misses him."),
        ("I also carry a map.", "Mira also carries a map."),
        (
            "I usually just watch films.",
            "Mira usually just watches films.",
        ),
        ("I always try.", "Mira always tries."),
        ("I read a lot.", "Mira read a lot."),
        ("I quit my job.", "Mira quit Mira's job."),
        ("I gotta leave.", "Mira has to leave."),
        ("I wanna sing.", "Mira wants to sing."),
        ("They gave me a map.", "They gave Mira a map."),
        ("My sister is here.", "Mira's sister is here."),
        ("That boat is mine.", "That boat is Mira's."),
        ("I taught myself Czech.", "Mira taught themself Czech."),
        ("We sold our house.", "Mira and others sold their house."),
        (
            "We're happy we went.",
            "Mira and others are happy they went.",
        ),
        ("They invited us.", "They invited Mira and others."),
        (
            "We hope they invite us.",
            "Mira and others hope they invite them.",
        ),
        ("Our dog barks.", "Mira's dog barks."),
        (
            "We've met and we'll row.",
            "Mira and others have met and they will row.",
        ),
        ("So do I.", "So does Mira."),
        ("What have I done.", "What has Mira done."),
        ("Am I late?", "Is Mira late?"),
        ("Should I go?", "Should Mira go?"),
        (
            "My wife and I love jazz.",
            "Mira's wife and Mira love jazz.",
        ),
        (
            "It rained and I love rain.",
            "It rained and Mira loves rain.",
        ),
        ("All I have is time.", "All Mira has is time."),
        ("When I cook, I sing.", "When Mira cooks, Mira sings."),
        (
            "I read \"I am here\" twice.",
            "Mira read \"I am here\" twice.",
        ),
        (
            "He rows like me, i think.",
            "He rows like Mira, Mira thinks.",
        ),
        ("The T-shirt is small.", "The T-shirt is small."),
        ("I, too, row.", "Mira, too, row."),
    ];
    assert!(cases.len() >= 40);
    for (said, expected) in cases {
        assert_eq!(
            third_person_sentence(said, "Mira", None),
            expected,
            "{said}"
        );
    }
}

#[test]
fn second_person_becomes_the_listeners_name_where_it_means_the_listener() {
    let cases = [
        ("You are a good cook.", "Tom is a good cook."),
        ("You're a good cook.", "Tom is a good cook."),
        ("You were late.", "Tom was late."),
        ("You've sold your boat.", "Tom has sold Tom's boat."),
        ("You'd be a good nurse.", "Tom would be a good nurse."),
        ("Do you have kids?", "Does Tom have kids?"),
        ("What are you reading?", "What is Tom reading?"),
        (
            "How long have you lived there?",
            "How long has Tom lived there?",
        ),
        ("Did you row?", "Did Tom row?"),
        ("You always work late.", "Tom always works late."),
        ("I saw you yesterday.", "Mira saw Tom yesterday."),
        ("I'll let you know.", "Mira will let you know."),
        ("I heard you play.", "Mira heard Tom play."),
        ("When you are tired, rest.", "When you are tired, rest."),
        ("It makes you think.", "It makes you think."),
        ("Believe in yourself.", "Believe in yourself."),
        ("You taught yourself Czech.", "Tom taught themself Czech."),
        ("You never know.", "You never know."),
        ("You know, I sold it.", "You know, Mira sold it."),
    ];
    for (said, expected) in cases {
        assert_eq!(
            third_person_sentence(said, "Mira", Some("Tom")),
            expected,
            "{said}"
        );
    }
    assert_eq!(
        third_person_sentence("You love your boat.", "Mira", None),
        "You love your boat."
    );
}
