//! Means of columns that are each about questions of their own.

use std::collections::BTreeMap;

use super::{Bootstrap, Column, Domain, Estimate, Layout, StatisticsError};

impl Bootstrap {
    /// [`Bootstrap::means`], every column over draws of its own questions: those that `own` marks `true`. An interval so
    /// does not depend on what other columns are about. Columns of the same questions share their draws.
    ///
    /// # Errors
    /// As [`Bootstrap::means`].
    pub fn own_means(
        &self,
        layout: &Layout,
        own: &[Vec<bool>],
        domains: &[Domain<'_>],
        columns: &[Column<'_>],
    ) -> Result<Vec<Vec<Option<Estimate>>>, StatisticsError> {
        let mut groups: BTreeMap<&[bool], Vec<usize>> = BTreeMap::new();
        for (at, own) in own.iter().enumerate().take(columns.len()) {
            groups.entry(own).or_default().push(at);
        }
        let mut found = vec![Vec::new(); columns.len()];
        for (own, members) in groups {
            let columns: Vec<Column<'_>> = members
                .iter()
                .filter_map(|at| columns.get(*at).copied())
                .collect();
            let means = self.means(&layout.only(own), domains, &columns)?;
            for (at, means) in members.into_iter().zip(means) {
                if let Some(place) = found.get_mut(at) {
                    *place = means;
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_does_not_depend_on_the_questions_of_other_columns() {
        // Four conversations of six questions; the first column is about the second conversation alone.
        let places: Vec<(usize, usize)> = (0..24).map(|at| (at / 6, at % 2)).collect();
        let own = |at: usize| (6..12).contains(&at);
        let value = |at: usize| f64::from(u8::from(at % 5 < 2));
        let few: Vec<Option<f64>> = (0..24).map(|at| own(at).then(|| value(at))).collect();
        let all: Vec<Option<f64>> = (0..24).map(|at| Some(value(at))).collect();
        let masks = [(0..24).map(own).collect(), vec![true; 24]];
        let bootstrap = Bootstrap {
            resamples: 500,
            ..Bootstrap::default()
        };
        let domains: [Domain<'_>; 2] = [&[0, 1], &[1]];
        let layout = Layout::new(&places);
        let together = bootstrap
            .own_means(&layout, &masks, &domains, &[&few, &all])
            .unwrap();
        let alone: Vec<(usize, usize)> = (6..12).map(|at| places[at]).collect();
        let column: Vec<Option<f64>> = (6..12).map(|at| Some(value(at))).collect();
        let alone = bootstrap
            .means(&Layout::new(&alone), &domains, &[&column])
            .unwrap();
        assert_eq!(together[0], alone[0]);
        let whole = bootstrap.means(&layout, &domains, &[&all]).unwrap();
        assert_eq!(together[1], whole[0]);
        // Drawn from all conversations the one would look surer than it is.
        let mixed = bootstrap.means(&layout, &domains, &[&few]).unwrap();
        assert_ne!(mixed[0], alone[0]);
    }
}
