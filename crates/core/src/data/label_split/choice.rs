use super::{LabelSplitError, UNKNOWN};

/// Examples of each class, in their order.
pub(super) fn by_class(truth: &[u8], classes: usize) -> Result<Vec<Vec<usize>>, LabelSplitError> {
    let mut members = vec![Vec::new(); classes];
    for (index, &class) in truth.iter().enumerate().filter(|&(_, &class)| class != UNKNOWN) {
        match members.get_mut(usize::from(class)) {
            Some(members) => members.push(index),
            None => return Err(LabelSplitError::NoSuchClass { index, class, classes }),
        }
    }
    Ok(members)
}

/// The first `labels` examples by the rule of [`LabelSplit::draw`]; there are as many.
pub(super) fn choose(members: &[Vec<usize>], labels: usize) -> Vec<usize> {
    let largest = members.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let mut taken = vec![0_usize; members.len()];
    let mut chosen = Vec::with_capacity(labels);
    for _ in 0..labels {
        let most = taken.iter().copied().max().unwrap_or(0).max(1) as f64;
        let mut furthest: Option<(f64, usize)> = None;
        for (class, members) in members
            .iter()
            .enumerate()
            .filter(|&(class, members)| taken[class] < members.len())
        {
            let behind = members.len() as f64 / largest - taken[class] as f64 / most;
            if furthest.is_none_or(|(other, _)| behind > other) {
                furthest = Some((behind, class));
            }
        }
        let Some((_, class)) = furthest else {
            break;
        };
        chosen.push(members[class][taken[class]]);
        taken[class] += 1;
    }
    chosen
}
