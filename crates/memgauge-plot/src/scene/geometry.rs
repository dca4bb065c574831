//! Points and boxes, in pixels; y grows downwards.

/// A point: x, y.
pub(crate) type Point = (f64, f64);

/// An upright box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Rect {
    pub(crate) fn new(left: f64, top: f64, right: f64, bottom: f64) -> Self {
        Self {
            left,
            top,
            right,
            bottom,
        }
    }

    /// The box of this half size around a point.
    pub(crate) fn around((x, y): Point, half_width: f64, half_height: f64) -> Self {
        Self::new(
            x - half_width,
            y - half_height,
            x + half_width,
            y + half_height,
        )
    }

    pub(crate) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(crate) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The area that two boxes share.
    pub(crate) fn overlap(&self, other: &Self) -> f64 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        if width > 0.0 && height > 0.0 {
            width * height
        } else {
            0.0
        }
    }

    pub(crate) fn is_inside(&self, other: &Self) -> bool {
        self.left >= other.left
            && self.right <= other.right
            && self.top >= other.top
            && self.bottom <= other.bottom
    }

    /// The point of the box that is nearest.
    pub(crate) fn nearest(&self, (x, y): Point) -> Point {
        (
            x.max(self.left).min(self.right),
            y.max(self.top).min(self.bottom),
        )
    }

    /// Whether the line between two points meets the box (Liang and Barsky).
    pub(crate) fn is_crossed(&self, from: Point, to: Point) -> bool {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let mut enters: f64 = 0.0;
        let mut leaves: f64 = 1.0;
        for (step, room) in [
            (-dx, from.0 - self.left),
            (dx, self.right - from.0),
            (-dy, from.1 - self.top),
            (dy, self.bottom - from.1),
        ] {
            if step == 0.0 {
                if room < 0.0 {
                    return false;
                }
            } else if step < 0.0 {
                enters = enters.max(room / step);
            } else {
                leaves = leaves.min(room / step);
            }
        }
        enters <= leaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_meets_a_box_or_not() {
        let rect = Rect::new(10.0, 10.0, 20.0, 20.0);
        assert!(rect.is_crossed((0.0, 0.0), (30.0, 30.0)));
        assert!(rect.is_crossed((15.0, 15.0), (16.0, 16.0)));
        assert!(rect.is_crossed((0.0, 15.0), (12.0, 15.0)));
        assert!(!rect.is_crossed((0.0, 15.0), (9.0, 15.0)));
        assert!(!rect.is_crossed((0.0, 0.0), (30.0, 5.0)));
        assert!(!rect.is_crossed((0.0, 18.0), (18.0, 36.0)));
    }

    #[test]
    fn boxes_share_an_area_or_none() {
        let rect = Rect::new(0.0, 0.0, 10.0, 10.0);
        assert_eq!(rect.overlap(&Rect::new(5.0, 8.0, 20.0, 20.0)), 10.0);
        assert_eq!(rect.overlap(&Rect::new(10.0, 0.0, 20.0, 10.0)), 0.0);
        assert_eq!(rect.nearest((15.0, -3.0)), (10.0, 0.0));
    }
}
