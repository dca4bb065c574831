//! Colours and marker shapes. Every system has one pair of them, everywhere.
//!
//! The colours are those of Okabe and Ito, moved until each has a contrast of at least 3 to 1 against a white and
//! against a dark page, and until any two of them stay apart under the three kinds of colour blindness. Shapes tell
//! systems apart without any colour.

use std::fmt::Write as _;

/// A colour as red, green and blue.
pub type Rgb = (u8, u8, u8);

/// The colours of systems and of parts of a bar.
const COLOURS: [Rgb; 6] = [
    (0x00, 0x72, 0xB2),
    (0xD5, 0x5E, 0x00),
    (0x0A, 0x9E, 0x78),
    (0xBC, 0x4C, 0x92),
    (0x8F, 0x8A, 0x48),
    (0x85, 0x85, 0xF2),
];

/// A page's theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark on white.
    Light,
    /// Light on a dark page, `#1B1B1F`.
    Dark,
}

/// What a colour is for. Which it is depends on the theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Words to be read first.
    Text,
    /// Words beside: ticks, captions.
    Muted,
    /// Axes, ends of intervals that belong to no system.
    Axis,
    /// Lines of a grid.
    Grid,
    /// What lies under everything.
    Paper,
    /// A mark that steps back.
    Faded,
    /// One of the colours, by number; they repeat.
    Colour(usize),
}

impl Ink {
    const NAMED: [Self; 6] = [
        Self::Text,
        Self::Muted,
        Self::Axis,
        Self::Grid,
        Self::Paper,
        Self::Faded,
    ];

    /// Each of them once.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let colours = (0..COLOURS.len()).map(Self::Colour);
        Self::NAMED.into_iter().chain(colours)
    }

    pub(crate) fn rgb(self, theme: Theme) -> Rgb {
        let is_light = theme == Theme::Light;
        let of = |light: Rgb, dark: Rgb| if is_light { light } else { dark };
        match self {
            Self::Text => of((0x1B, 0x1B, 0x1F), (0xE8, 0xE8, 0xEC)),
            Self::Muted => of((0x5A, 0x5A, 0x66), (0xAB, 0xAB, 0xB6)),
            Self::Axis => of((0x76, 0x76, 0x83), (0x8A, 0x8A, 0x96)),
            Self::Grid => of((0xE2, 0xE2, 0xE7), (0x36, 0x36, 0x3E)),
            Self::Paper => of((0xFF, 0xFF, 0xFF), (0x1B, 0x1B, 0x1F)),
            Self::Faded => of((0x84, 0x84, 0x8E), (0x80, 0x80, 0x8A)),
            Self::Colour(number) => COLOURS[number % COLOURS.len()],
        }
    }

    /// Its CSS custom property.
    pub(crate) fn property(self) -> String {
        match self {
            Self::Text => "--mg-text".to_owned(),
            Self::Muted => "--mg-muted".to_owned(),
            Self::Axis => "--mg-axis".to_owned(),
            Self::Grid => "--mg-grid".to_owned(),
            Self::Paper => "--mg-paper".to_owned(),
            Self::Faded => "--mg-faded".to_owned(),
            Self::Colour(number) => format!("--mg-c{}", number % COLOURS.len()),
        }
    }
}

/// A colour as `#0072B2`.
pub(crate) fn hex((red, green, blue): Rgb) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// The shape of a system's marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Marker {
    /// A disc.
    Circle,
    /// A square.
    Square,
    /// A triangle that points up.
    Triangle,
    /// A square that stands on a corner.
    Diamond,
    /// A triangle that points down.
    Wedge,
    /// An upright cross.
    Plus,
    /// A cross on its side.
    Cross,
}

const MARKERS: [Marker; 7] = [
    Marker::Circle,
    Marker::Square,
    Marker::Triangle,
    Marker::Diamond,
    Marker::Wedge,
    Marker::Plus,
    Marker::Cross,
];

/// The colour of the system with this position among the results, as `#0072B2`: the same on a white and on a dark page.
#[must_use]
pub fn colour(system: usize) -> String {
    hex(Ink::Colour(system).rgb(Theme::Light))
}

/// The CSS custom property that holds the system's colour, such as `--mg-c0`.
#[must_use]
pub fn colour_property(system: usize) -> String {
    Ink::Colour(system).property()
}

/// The shape of the system's marks. Forty-two systems have pairs of colour and shape that differ.
#[must_use]
pub fn marker(system: usize) -> Marker {
    MARKERS[(system % COLOURS.len() + system / COLOURS.len()) % MARKERS.len()]
}

/// The custom properties that drawings for a page go by, with their values under a theme.
#[must_use]
pub fn properties(theme: Theme) -> Vec<(String, String)> {
    Ink::all()
        .map(|ink| (ink.property(), hex(ink.rgb(theme))))
        .collect()
}

/// [`properties`] as CSS declarations, to stand in a rule: `--mg-text:#1B1B1F;..`.
#[must_use]
pub fn declarations(theme: Theme) -> String {
    let mut css = String::new();
    for (name, value) in properties(theme) {
        // Writing to a string does not fail.
        let _ = write!(css, "{name}:{value};");
    }
    css
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn linear((red, green, blue): Rgb) -> [f64; 3] {
        [red, green, blue].map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    /// Contrast as WCAG 2 has it.
    fn contrast(one: Rgb, other: Rgb) -> f64 {
        let luminance = |rgb| {
            let [red, green, blue] = linear(rgb);
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    /// CIE Lab of a colour as someone sees it.
    fn lab(rgb: Rgb, seen: [[f64; 3]; 3]) -> [f64; 3] {
        let rgb = linear(rgb);
        let dot = |row: [f64; 3], of: [f64; 3]| row.iter().zip(of).map(|(a, b)| a * b).sum::<f64>();
        let rgb = seen.map(|row| dot(row, rgb).max(0.0));
        let white = [0.950_47, 1.0, 1.088_83];
        let xyz = [
            dot([0.4124, 0.3576, 0.1805], rgb),
            dot([0.2126, 0.7152, 0.0722], rgb),
            dot([0.0193, 0.1192, 0.9505], rgb),
        ];
        let f = |t: f64| {
            if t > 0.008_856 {
                t.cbrt()
            } else {
                7.787 * t + 16.0 / 116.0
            }
        };
        let [x, y, z] = [0, 1, 2].map(|at| f(xyz[at] / white[at]));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    #[test]
    fn marks_and_words_stand_out_on_both_pages() {
        for theme in [Theme::Light, Theme::Dark] {
            let paper = Ink::Paper.rgb(theme);
            for ink in Ink::all() {
                let least = match ink {
                    Ink::Text | Ink::Muted => 4.5,
                    Ink::Grid | Ink::Paper => 1.0,
                    Ink::Axis | Ink::Faded | Ink::Colour(_) => 3.0,
                };
                let found = contrast(ink.rgb(theme), paper);
                assert!(found >= least, "{ink:?} on {theme:?}: {found}");
            }
        }
    }

    #[test]
    fn any_two_colours_stay_apart_for_the_colour_blind() {
        // Machado, Oliveira and Fernandes 2009, severity 1: as everybody, protan, deutan and tritan see them.
        let seen = [
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
            [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ];
        for eyes in seen {
            for (at, one) in COLOURS.iter().enumerate() {
                for other in &COLOURS[at + 1..] {
                    let (a, b) = (lab(*one, eyes), lab(*other, eyes));
                    let apart: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
                    // Two units can just be told apart, side by side.
                    assert!(
                        apart.sqrt() > 12.0,
                        "{one:?} {other:?} {eyes:?}: {}",
                        apart.sqrt()
                    );
                }
            }
        }
    }

    #[test]
    fn no_two_of_forty_systems_look_the_same() {
        let pairs: BTreeSet<String> = (0..42)
            .map(|system| format!("{} {:?}", colour(system), marker(system)))
            .collect();
        assert_eq!(pairs.len(), 42);
        // A drawing for a page is made by replacing colours: two roles of one colour could not be told apart.
        let inks: BTreeSet<Rgb> = Ink::all().map(|ink| ink.rgb(Theme::Light)).collect();
        assert_eq!(inks.len(), Ink::all().count());
    }
}
