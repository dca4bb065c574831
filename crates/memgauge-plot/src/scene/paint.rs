//! Scenes drawn by plotters, as SVG and as PNG.

use std::fmt::Write as _;
use std::path::Path;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBAColor, ShapeStyle, TextStyle};

use super::text::{FONT, HEIGHT, font};
use super::{Anchor, Item, LARGE, Point, Scene, WIDTH};
use crate::drawing::Look;
use crate::error::PlotError;
use crate::palette::{Ink, Theme, hex};

/// What plotters divides sizes of texts in SVG by.
const SVG_TEXT: f64 = 1.24;
/// Fonts of a file; a page has its own.
const FAMILY: &str = "system-ui, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif";
/// What plotters repeats on every element, said once or not at all.
const REPEATED: [&str; 2] = [" font-family=\"memgauge\"", " opacity=\"1\""];
/// Room for the title of a file.
const TITLE: f64 = 36.0;
/// Pixels of a PNG for one of the SVG.
const PNG: f64 = 2.0;

/// How a backend is drawn on.
struct Brush<'a> {
    /// Pixels of the backend for one of the scene.
    scale: f64,
    /// Down by so much, in pixels of the scene.
    shift: f64,
    family: FontFamily<'a>,
    /// Size that plotters wants for a text of one pixel.
    text: f64,
    /// Down by so much of its size, so that a text is centred.
    drop: f64,
}

/// The scene as an SVG document. Drawings for a page have no background, no size of their own and no colour but
/// `var(--mg-..)`.
pub(crate) fn svg(
    scene: &Scene,
    class: &str,
    title: &str,
    alt: &str,
    look: Look,
) -> Result<String, PlotError> {
    let is_file = look == Look::File;
    let shift = if is_file { TITLE } else { 0.0 };
    let height = (scene.height + shift).ceil();
    let brush = Brush {
        scale: 1.0,
        shift,
        family: FontFamily::Name(FONT),
        text: SVG_TEXT,
        drop: 0.0,
    };
    let size = (WIDTH as u32, height as u32);
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\"",
        size.0, size.1
    );
    if is_file {
        let _ = write!(
            out,
            " width=\"{}\" height=\"{}\" font-family=\"{FAMILY}\"",
            size.0, size.1
        );
    }
    let _ = writeln!(
        out,
        " class=\"mg-plot mg-{class}\" role=\"img\" aria-label=\"{}\">",
        escaped(&format!("{title}. {alt}"))
    );
    if is_file {
        let _ = writeln!(
            out,
            "<title>{}</title>\n<desc>{}</desc>",
            escaped(title),
            escaped(alt)
        );
        let paper = hex(Ink::Paper.rgb(Theme::Light));
        let _ = writeln!(
            out,
            "<rect width=\"{}\" height=\"{}\" fill=\"{paper}\"/>",
            size.0, size.1
        );
        out.push_str(&fragment(&[heading(title)], size, &brush)?);
    }
    for group in &scene.groups {
        let _ = write!(out, "<g class=\"{}\"", group.class);
        if let Some(system) = group.system {
            let _ = write!(out, " data-system=\"{system}\"");
        }
        out.push_str(">\n");
        if let Some(hint) = &group.hint {
            let _ = writeln!(out, "<title>{}</title>", escaped(hint));
        }
        out.push_str(&fragment(&group.items, size, &brush)?);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    if !is_file {
        // Quotes in texts are escaped: only attributes read like this.
        for ink in Ink::all() {
            let fixed = format!("=\"{}\"", hex(ink.rgb(Theme::Light)));
            out = out.replace(&fixed, &format!("=\"var({})\"", ink.property()));
        }
    }
    Ok(out)
}

/// Draws the scene with its title into a PNG file.
pub(crate) fn write_png(scene: &Scene, title: &str, path: &Path) -> Result<(), PlotError> {
    if !font() {
        return Err(PlotError::Draw("the font cannot be read".to_owned()));
    }
    let height = (scene.height + TITLE).ceil();
    let size = ((WIDTH * PNG) as u32, (height * PNG) as u32);
    let brush = Brush {
        scale: PNG,
        shift: TITLE,
        family: FontFamily::Name(FONT),
        text: HEIGHT,
        // The bitmap backend puts glyphs on their ascent.
        drop: 0.17,
    };
    let wrong = |message: String| PlotError::Write {
        path: path.to_owned(),
        message,
    };
    let mut backend = BitMapBackend::new(path, size);
    let paper = style(Ink::Paper, 1.0, 1);
    let corner = (size.0 as i32, size.1 as i32);
    let mut draw = || {
        let filled = backend.draw_rect((0, 0), corner, &paper, true);
        filled.map_err(|error| error.to_string())?;
        paint(&mut backend, &[heading(title)], &brush)?;
        for group in &scene.groups {
            paint(&mut backend, &group.items, &brush)?;
        }
        backend.present().map_err(|error| error.to_string())
    };
    draw().map_err(wrong)
}

fn heading(title: &str) -> Item {
    let at = (16.0, 18.0 - TITLE);
    Item::text(at, title, LARGE, Ink::Text, Anchor::Start).bold()
}

/// What plotters writes for the items, without the document around them.
fn fragment(items: &[Item], size: (u32, u32), brush: &Brush<'_>) -> Result<String, PlotError> {
    let mut text = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut text, size);
        paint(&mut backend, items, brush).map_err(PlotError::Draw)?;
        let done = backend.present();
        done.map_err(|error| PlotError::Draw(error.to_string()))?;
    }
    let inner = text.split_once(">\n").map_or("", |(_, inner)| inner);
    let inner = inner.strip_suffix("</svg>\n").unwrap_or(inner);
    // Line breaks inside a text are drawn as spaces. Quotes in texts are escaped: only attributes read like these.
    let mut inner = inner.replace("\n</text>", "</text>");
    for repeated in REPEATED {
        inner = inner.replace(repeated, "");
    }
    Ok(inner)
}

fn style(ink: Ink, alpha: f64, thickness: u32) -> ShapeStyle {
    let (red, green, blue) = ink.rgb(Theme::Light);
    ShapeStyle {
        color: RGBAColor(red, green, blue, alpha),
        filled: true,
        stroke_width: thickness,
    }
}

fn paint<DB: DrawingBackend>(
    backend: &mut DB,
    items: &[Item],
    brush: &Brush<'_>,
) -> Result<(), String> {
    let place = |(x, y): Point| {
        (
            (x * brush.scale).round() as i32,
            ((y + brush.shift) * brush.scale).round() as i32,
        )
    };
    let thick = |thickness: u32| (f64::from(thickness) * brush.scale).round() as u32;
    for item in items {
        let drawn = match item {
            Item::Line {
                from,
                to,
                ink,
                thickness,
            } => backend.draw_line(
                place(*from),
                place(*to),
                &style(*ink, 1.0, thick(*thickness)),
            ),
            Item::Path {
                points,
                ink,
                thickness,
            } => {
                let mut places: Vec<(i32, i32)> = points.iter().copied().map(place).collect();
                places.dedup();
                backend.draw_path(places, &style(*ink, 1.0, thick(*thickness)))
            }
            Item::Area { points, ink, alpha } => {
                let mut places: Vec<(i32, i32)> = points.iter().copied().map(place).collect();
                places.dedup();
                backend.fill_polygon(places, &style(*ink, *alpha, 1))
            }
            Item::Box { rect, ink } => backend.draw_rect(
                place((rect.left, rect.top)),
                place((rect.right, rect.bottom)),
                &style(*ink, 1.0, 1),
                true,
            ),
            Item::Disc {
                centre,
                radius,
                ink,
                is_filled,
            } => backend.draw_circle(
                place(*centre),
                (radius * brush.scale).round() as u32,
                &style(*ink, 1.0, thick(2)),
                *is_filled,
            ),
            Item::Text {
                at,
                text,
                size,
                ink,
                anchor,
                is_bold,
            } => {
                let style = TextStyle {
                    font: FontDesc::new(
                        brush.family,
                        size * brush.scale * brush.text,
                        if *is_bold {
                            FontStyle::Bold
                        } else {
                            FontStyle::Normal
                        },
                    ),
                    color: style(*ink, 1.0, 1).color.to_backend_color(),
                    pos: Pos::new(
                        match anchor {
                            Anchor::Start => HPos::Left,
                            Anchor::Middle => HPos::Center,
                            Anchor::End => HPos::Right,
                        },
                        VPos::Center,
                    ),
                };
                backend.draw_text(
                    &clean(text),
                    &style,
                    place((at.0, at.1 + size * brush.drop)),
                )
            }
        };
        drawn.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The text without what XML cannot hold.
fn clean(text: &str) -> String {
    let is_bad = |letter: char| letter.is_control() || matches!(letter, '\u{FFFE}' | '\u{FFFF}');
    text.chars()
        .map(|letter| if is_bad(letter) { '\u{FFFD}' } else { letter })
        .collect()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in clean(text).chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            other => out.push(other),
        }
    }
    out
}
