//! The word lists that the rules go by: closed classes in full, open classes by their commonest
//! members. English only. All words in lower case, with straight apostrophes.

use std::collections::HashSet;
use std::sync::LazyLock;

/// A set of words, written as one text.
pub(crate) struct Words(LazyLock<HashSet<&'static str>>);

macro_rules! words {
    ($($(#[$meta:meta])* $name:ident = $text:literal;)+) => {
        $($(#[$meta])* pub(crate) static $name: Words =
            Words(LazyLock::new(|| $text.split_ascii_whitespace().collect()));)+
    };
}

impl Words {
    pub(crate) fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }
}

words! {
    /// Words that carry no content of their own.
    FUNCTION = "a about above across actually after again against ago all almost along already also
        although always am an and another any anybody anyone anything anyway are aren't around as at
        away back be because been before behind being below beside besides between both but by can
        can't cannot could couldn't did didn't do does doesn't doing don't done down during each either
        else enough even ever every everybody everyone everything few for from further get gets getting
        go goes going gonna got gotta had hadn't has hasn't have haven't having he he'd he'll he's her
        here here's hers herself him himself his how how's however i i'd i'll i'm i've if im in instead
        into is isn't it it'd it'll it's its itself ive just kinda least less let let's like lot lots
        many may maybe me might mine more most mostly much must my myself neither never no nobody none
        nor not nothing now of off often oh on once one ones only onto or other others our ours
        ourselves out over own perhaps please probably quite rather really same she she'd she'll she's
        should shouldn't since so some somebody someone something sometimes somewhere soon sort still
        such sure than that that'd that'll that's the their theirs them themselves then there there's
        these they they'd they'll they're they've thing things this those though through till to
        together too toward towards under until up upon us usually very via was wasn't way we we'd
        we'll we're we've well were weren't what what's whatever when whenever where where's wherever
        whether which while who who's whoever whom whose why will with within without won't would
        wouldn't yet you you'd you'll you're you've your yours yourself kind bit stuff";

    /// What people greet, thank, apologise and part with. A sentence of these, function words and
    /// names tells nothing.
    COURTESY = "hey hi hello hiya howdy greetings yo bye goodbye cya ttyl welcome thanks thank thx ty
        thankful appreciate appreciated cheers congrats congratulations congratulation kudos props
        sorry apologies pardon wow whoa woah ooh ah ahh aw aww awww ha haha hahaha lol hmm mm um uh ugh
        yay yeah yep yup yes nah nope ok okay alright gosh geez jeez omg man dude buddy pal girl bro
        mate friend dear morning evening afternoon night day luck wish wishing wishes best take care
        catch chat chatting talk talking talked later tomorrow soon stay tuned see seeing seen hear
        hearing heard know keep touch forward looking hope hoping hopes glad say guess right exactly
        indeed absolutely definitely totally certainly course cya cool agree agreed true mention
        meantime time while long up good been doing how-are-you anytime bet sec";

    /// How people praise or pity what the other one said. Alone it tells nothing; as the answer to
    /// a question it does.
    PRAISE = "good great nice fine awesome amazing wonderful fantastic fabulous terrific excellent
        lovely beautiful gorgeous stunning pretty cute adorable sweet super brilliant incredible
        impressive inspiring inspirational perfect interesting exciting excited fun funny happy proud
        rough tough hard bad sad awful terrible bummer shame pity crazy wild neat rad epic sick lit
        dope stoked thrilled pumped kind thoughtful generous strong brave sounds sound sounded look
        looks looked seems seem seemed feel feels love loved like liked idea ideas plan job work done
        news going gone rock rocks killing crushing deserve deserved worth believe imagine understand
        think thinks understandable means mean makes make made sense relate way world always cheering
        rooting support supporting behind proud-of bless touching heartwarming special delicious yummy
        tasty relaxing peaceful refreshing blast enjoy enjoying enjoyed enjoyable share shared sharing
        pic picture photo shot stuff effort efforts pays paying paid progress awesome-sauce nailed
        smile smiles totally agree point spot congratulations";

    /// Openers that may be left out before a comma, a dash or an exclamation mark.
    OPENERS = "hey hi hello hiya howdy yo wow whoa woah oh ooh ah ahh aw aww awww ha haha hahaha lol
        hmm hm um uh ugh yay yeah yea yep yup yes nah nope no ok okay alright gosh geez jeez omg man dude well
        so and but anyway btw thanks thank-you cool nice great awesome sweet sure absolutely definitely
        totally exactly certainly indeed right agreed true congrats sorry cheers plus bro buddy also";

    /// First words of an answer to a yes-no question.
    VERDICTS = "yes yeah yea yep yup no nope nah sure absolutely definitely totally exactly certainly
        indeed not never sometimes always maybe probably course of-course actually kinda mostly";

    /// Words that open a question.
    ASKERS = "what what's what're whatcha when when's where where's who who's whom whose which why
        why's how how's how're how've is isn't are aren't am was wasn't were weren't do does did don't
        doesn't didn't have haven't has hasn't had can can't could couldn't will won't would wouldn't
        should shouldn't may might shall any anything anyone ever got you you've right huh";

    /// Auxiliaries and modals that keep their form with every subject, or that are past anyway.
    INVARIANT = "can can't cannot could couldn't may might must mustn't shall should shouldn't will
        won't would wouldn't had hadn't did didn't was wasn't used better been gonna";

    /// Past forms that do not end in "ed", and those that look like the present.
    PAST = "ate awoke beat became began bent bet bit bled blew bought broke brought built burnt burst
        came cast caught chose clung cost crept cut dealt done dove drank dreamt drew drove dug fed
        fell felt fled flew forgave forgot fought found froze gave got gotten gone grew ground heard
        held hid hit hung hurt kept knelt knew laid lay leapt learnt led left lent let lit lost made
        meant met misread mistook overcame overheard overslept paid put quit ran rang retook read redid rewrote
        rode rose said sang sank sat saw seen sent set shone shook shot showed shrank shut slept slid
        snuck sold sought spent split spoke sprang spread spun spoilt stank stole stood strove struck
        stuck stung swam swept swore swung taken taught threw told took tore tried undertook undid understood
        undid upset went wept withdrew woke won wore wound wove written wrote broken bred driven eaten
        fallen given grown known ridden shown spoken thought thrown worn drawn begun become come run sung
        hidden chosen flown forgotten frozen stolen woken";

    /// Of these, the ones that are also a present form.
    TENSELESS = "become beat burst come cost cut hit hurt lay let put quit read run set shut split
        spread upset cast found grind wound";

    /// Words ending in "ed" that are no past forms.
    ED_PRESENT = "need feed breed bleed speed heed embed shed shred wed succeed proceed exceed seed
        weed knead";

    /// Words that may stand between a subject and its verb.
    ADVERBS = "also always never really just still often usually sometimes even only already currently
        recently actually definitely totally truly absolutely probably honestly ever now then once too
        rather kinda sorta mostly especially both all quite almost nearly simply finally mainly merely
        lately first later soon today either personally instead again maybe perhaps myself yourself so
        pretty sure sincerely constantly not seldom rarely likewise therefore thus literally basically";

    /// Words in "ly" that are verbs.
    LY_VERBS = "apply reply supply rely fly imply multiply comply ally bully rally tally";

    /// Words that cannot be a verb after "I": nothing is to agree.
    NO_VERB = "and or but nor as at by for from in into of on onto over than that the this to with without
        who which what when where while if because since until a an my your his her our their is are
        has does it they he she we you i there here these those about after before";

    /// Common verbs in their base form: "you" is followed by one of these, or is no subject.
    VERBS = "accept achieve act add admire adopt agree aim allow appear apply appreciate argue arrive
        ask attend avoid bake balance begin believe belong bike bring build buy call camp care carry
        celebrate change check choose clean climb collect come compete complete connect consider
        continue cook create dance deal decide deserve design develop do draw dream drink drive earn
        eat embrace encourage enjoy exercise expect experience explain explore express face feel fight
        find finish fish fit fix fly focus follow forget garden get give go grow guess handle hang
        happen hate have hear help hike hold hope imagine improve include inspire intend invite join
        keep knit know lack laugh lead learn leave lift like listen live look lose love make manage
        mean meditate meet mention mind miss move need notice offer organize own paint pay perform
        pick plan plant play practice prefer prepare pursue push raise reach read realize recall
        receive recharge recommend relate relax rely remember respect rest ride run save say see seem
        sell send serve share show sing sit sketch sleep smell spend stand start stay stick stop
        struggle study succeed suggest support swim take talk teach tell tend thank think travel
        treasure treat trust try turn understand use value visit volunteer wait walk want watch wear
        wish wonder work worry write";

    /// After these, "you" is an object with a bare verb behind it: "let you know".
    CAUSATIVES = "let lets make makes made help helps helped helping see saw seeing watch watching hear
        heard have";

    /// Abbreviations whose full stop ends no sentence.
    ABBREVIATIONS = "mr. mrs. ms. dr. st. prof. sr. jr. vs. e.g. i.e. etc. no. vol. mt. ft. approx. dept. u.s.
        u.k. a.m. p.m. jan. feb. mar. apr. jun. jul. aug. sep. sept. oct. nov. dec.";

    /// First words that point back at the sentence before.
    ANAPHORS = "it it's it'll it'd its they they're they've they'll they'd their them that that's
        this these those he he's he'll he'd she she's she'll she'd his her both one some others";
}
