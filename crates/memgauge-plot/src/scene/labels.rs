//! Labels beside marks, so that none covers another.

use super::{Point, Rect};

/// A label that has to be placed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Label {
    /// The mark that it names.
    pub(crate) mark: Point,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Free room between a mark's centre and its label.
const GAP: f64 = 9.0;
/// From here on a line leads from the mark to its label.
const NEAR: f64 = 14.0;
/// Steps of the search far from the mark.
const STEP: (f64, f64) = (12.0, 5.0);

/// A label's box, and where a line from its mark ends if it needs one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    pub(crate) rect: Rect,
    pub(crate) leader: Option<Point>,
}

/// Places labels inside `area`: beside their marks where there is room, otherwise as near as there is, with a line.
/// No label covers another or a mark as long as the area holds them all; `avoid` (intervals, lines) is left free where
/// that costs little. Labels are taken in the order in which they are given.
pub(crate) fn place(labels: &[Label], avoid: &[Rect], area: Rect) -> Vec<Placed> {
    let marks: Vec<Rect> = labels
        .iter()
        .map(|label| Rect::around(label.mark, 6.0, 6.0))
        .collect();
    let mut placed: Vec<Placed> = Vec::with_capacity(labels.len());
    for label in labels {
        let mut best: Option<(f64, Placed)> = None;
        for rect in candidates(label, area) {
            let found = with_leader(label, rect);
            let distance = distance(label, &rect);
            // Nothing that is farther away can win any more.
            if best.is_some_and(|(cost, _)| cost <= distance) {
                continue;
            }
            let cost = distance + penalty(label, &found, &placed, &marks, avoid);
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, found));
            }
        }
        let fallback = || with_leader(label, beside(label, 1.0, 0.0));
        placed.push(best.map_or_else(fallback, |(_, found)| found));
    }
    placed
}

/// The box of a label in this direction from its mark, as near as can be.
fn beside(label: &Label, x: f64, y: f64) -> Rect {
    let (half_width, half_height) = (label.width / 2.0, label.height / 2.0);
    let centre = (
        label.mark.0 + x * (GAP + half_width),
        label.mark.1 + y * (GAP + half_height - 1.0),
    );
    Rect::around(centre, half_width, half_height)
}

fn candidates(label: &Label, area: Rect) -> Vec<Rect> {
    const AROUND: [(f64, f64); 8] = [
        (1.0, 0.0),
        (-1.0, 0.0),
        (0.0, -1.0),
        (0.0, 1.0),
        (1.0, -1.0),
        (1.0, 1.0),
        (-1.0, -1.0),
        (-1.0, 1.0),
    ];
    let mut rects: Vec<Rect> = AROUND.iter().map(|(x, y)| beside(label, *x, *y)).collect();
    let columns = ((area.width() - label.width) / STEP.0).floor().max(0.0) as u32;
    let rows = ((area.height() - label.height) / STEP.1).floor().max(0.0) as u32;
    for row in 0..=rows {
        for column in 0..=columns {
            let (left, top) = (
                area.left + f64::from(column) * STEP.0,
                area.top + f64::from(row) * STEP.1,
            );
            rects.push(Rect::new(left, top, left + label.width, top + label.height));
        }
    }
    rects.retain(|rect| rect.is_inside(&area));
    rects
}

/// How far a label is from its mark.
fn distance(label: &Label, rect: &Rect) -> f64 {
    let (x, y) = rect.nearest(label.mark);
    // Nearer than beside is no better.
    (x - label.mark.0).hypot(y - label.mark.1).max(GAP)
}

fn with_leader(label: &Label, rect: Rect) -> Placed {
    let leader = (distance(label, &rect) > NEAR).then(|| rect.nearest(label.mark));
    Placed { rect, leader }
}

/// What a place costs beside its distance: far more where it covers something.
fn penalty(
    label: &Label,
    found: &Placed,
    placed: &[Placed],
    marks: &[Rect],
    avoid: &[Rect],
) -> f64 {
    const COVERS: f64 = 1e6;
    const CROSSES: f64 = 150.0;
    const AMBIGUOUS: f64 = 25.0;
    let rect = found.rect;
    let mut cost = 0.0;
    for other in placed {
        let roomy = Rect::new(
            other.rect.left - 4.0,
            other.rect.top - 1.0,
            other.rect.right + 4.0,
            other.rect.bottom + 1.0,
        );
        if rect.overlap(&roomy) > 0.0 {
            cost += COVERS;
        }
        if found
            .leader
            .is_some_and(|end| other.rect.is_crossed(label.mark, end))
        {
            cost += CROSSES;
        }
    }
    let own = distance(label, &rect);
    for mark in marks {
        if rect.overlap(mark) > 0.0 {
            cost += COVERS / 2.0;
        }
        // A label is read as that of the nearest mark.
        let centre = (
            (mark.left + mark.right) / 2.0,
            (mark.top + mark.bottom) / 2.0,
        );
        let is_other = (centre.0 - label.mark.0).hypot(centre.1 - label.mark.1) > 1.0;
        let (x, y) = rect.nearest(centre);
        if is_other && (x - centre.0).hypot(y - centre.1) < own + 2.0 {
            cost += AMBIGUOUS;
        }
    }
    let covered: f64 = avoid.iter().map(|one| rect.overlap(one)).sum();
    // A line counts by its length: an interval that ends beside the label is no harm.
    cost + covered.min(200.0) * 0.6 + if found.leader.is_some() { 12.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect {
        left: 50.0,
        top: 20.0,
        right: 740.0,
        bottom: 480.0,
    };

    fn check(labels: &[Label]) -> Vec<Placed> {
        let placed = place(labels, &[], AREA);
        assert_eq!(placed.len(), labels.len());
        for (at, one) in placed.iter().enumerate() {
            assert!(one.rect.is_inside(&AREA), "{one:?}");
            for other in &placed[at + 1..] {
                assert_eq!(one.rect.overlap(&other.rect), 0.0, "{one:?} {other:?}");
            }
            for label in labels {
                let mark = Rect::around(label.mark, 5.0, 5.0);
                assert_eq!(one.rect.overlap(&mark), 0.0, "{one:?} {mark:?}");
            }
        }
        placed
    }

    fn label(mark: Point) -> Label {
        Label {
            mark,
            width: 230.0,
            height: 15.0,
        }
    }

    #[test]
    fn a_lonely_label_stands_to_the_right_of_its_mark() {
        let placed = check(&[label((100.0, 100.0))]);
        assert_eq!(placed[0].leader, None);
        assert_eq!(placed[0].rect.left, 100.0 + GAP);
        // And to the left where there is no room.
        let placed = check(&[label((730.0, 100.0))]);
        assert_eq!(placed[0].rect.right, 730.0 - GAP);
    }

    #[test]
    fn twenty_long_labels_of_one_point_find_room() {
        for mark in [(100.0, 100.0), (400.0, 250.0), (738.0, 478.0)] {
            let placed = check(&vec![label(mark); 20]);
            let led = placed.iter().filter(|one| one.leader.is_some()).count();
            assert!(led >= 12, "{led}");
        }
    }

    #[test]
    fn a_row_of_marks_stays_readable() {
        let marks: Vec<Label> = (0..20)
            .map(|at| label((60.0 + 34.0 * f64::from(at), 240.0)))
            .collect();
        check(&marks);
    }
}
