//! Personalised PageRank.

/// How far a walk's distribution may still move when it counts as found.
const TOLERANCE: f64 = 1e-9;
/// Rounds after which it counts as found anyway; at a damping of 0.5 thirty are enough.
const ROUNDS: usize = 200;

/// A weighted graph without directions, for walks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Adjacency {
    /// Per node its neighbours with the weight of the edge, in the order of neighbours.
    neighbours: Vec<Vec<(usize, f64)>>,
    totals: Vec<f64>,
}

impl Adjacency {
    /// The graph of `nodes` nodes and these edges. Edges between the same two nodes add up; an edge
    /// from a node to itself keeps the walk where it is.
    pub fn new(nodes: usize, edges: impl IntoIterator<Item = (usize, usize, f64)>) -> Self {
        let mut neighbours = vec![std::collections::BTreeMap::<usize, f64>::new(); nodes];
        for (a, b, weight) in edges {
            for (from, to) in [(a, b), (b, a)] {
                if let Some(row) = neighbours.get_mut(from) {
                    *row.entry(to).or_default() += weight;
                }
                if a == b {
                    break;
                }
            }
        }
        let neighbours: Vec<Vec<(usize, f64)>> = neighbours
            .into_iter()
            .map(|row| row.into_iter().collect())
            .collect();
        let total = |row: &Vec<(usize, f64)>| row.iter().map(|(_, weight)| weight).sum();
        Self {
            totals: neighbours.iter().map(total).collect(),
            neighbours,
        }
    }
}

/// Where a walk is found that begins at `start` (nodes with weights), goes on along an edge chosen by
/// weight with the probability `damping`, and else begins anew (Haveliwala, WWW 2002; for retrieval:
/// HippoRAG, arXiv 2405.14831). The shares of all nodes sum to 1; a walk that cannot go on begins
/// anew. Empty where `start` is.
pub fn pagerank(graph: &Adjacency, start: &[(usize, f64)], damping: f64) -> Vec<f64> {
    let nodes = graph.neighbours.len();
    let mut origin = vec![0.0; nodes];
    for (node, weight) in start {
        if let Some(share) = origin.get_mut(*node) {
            *share += weight;
        }
    }
    let sum: f64 = origin.iter().sum();
    if sum <= 0.0 {
        return Vec::new();
    }
    for share in &mut origin {
        *share /= sum;
    }
    let mut here = origin.clone();
    for _ in 0..ROUNDS {
        let mut next = vec![0.0; nodes];
        let mut lost = 0.0;
        for ((share, row), total) in here.iter().zip(&graph.neighbours).zip(&graph.totals) {
            if *share == 0.0 {
                continue;
            }
            if *total <= 0.0 {
                lost += share;
                continue;
            }
            for (to, weight) in row {
                if let Some(slot) = next.get_mut(*to) {
                    *slot += share * weight / total;
                }
            }
        }
        let mut moved = 0.0;
        for ((slot, origin), old) in next.iter_mut().zip(&origin).zip(&here) {
            *slot = damping * (*slot + lost * origin) + (1.0 - damping) * origin;
            moved += (*slot - old).abs();
        }
        here = next;
        if moved < TOLERANCE {
            break;
        }
    }
    here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_one_and_fall_with_distance() {
        // A chain 0 - 1 - 2 - 3, and 4 alone.
        let chain = Adjacency::new(5, [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)]);
        for damping in [0.1, 0.5, 0.85] {
            let shares = pagerank(&chain, &[(0, 2.0)], damping);
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-8);
            assert!(shares[1] > shares[2] && shares[2] > shares[3]);
            assert_eq!(shares[4], 0.0);
        }
    }

    /// Worked by hand: two nodes, one edge, d = 1/2. p0 = 1/2 + p1/2, p1 = p0/2.
    #[test]
    fn two_nodes() {
        let pair = Adjacency::new(2, [(0, 1, 3.0)]);
        let shares = pagerank(&pair, &[(0, 1.0)], 0.5);
        assert!((shares[0] - 2.0 / 3.0).abs() < 1e-8 && (shares[1] - 1.0 / 3.0).abs() < 1e-8);
    }

    #[test]
    fn weights_choose_the_way_and_dead_ends_begin_anew() {
        let star = Adjacency::new(4, [(0, 1, 3.0), (0, 2, 1.0), (0, 2, 0.5), (3, 3, 1.0)]);
        let shares = pagerank(&star, &[(0, 1.0)], 0.5);
        assert!((shares[1] / shares[2] - 2.0).abs() < 1e-6);
        // Node 3 leads to itself alone; a node without edges keeps all.
        assert!((pagerank(&star, &[(3, 1.0)], 0.5)[3] - 1.0).abs() < 1e-9);
        assert!((pagerank(&Adjacency::new(2, []), &[(1, 1.0)], 0.5)[1] - 1.0).abs() < 1e-9);
        assert!(pagerank(&star, &[], 0.5).is_empty());
        assert!(pagerank(&star, &[(9, 1.0)], 0.5).is_empty());
    }
}
