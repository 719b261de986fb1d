use super::{LabelError, Masking};
use crate::config::{LabelRule, Regime};

/// Number of labels of each class with so many rows each, 0 for hidden ones: the plain rule, whatever comes of it.
///
/// # Shapes
///
/// - output: `[classes]`
pub fn label_counts(rule: LabelRule, rows: &[usize], fraction: f64, hidden: &[usize]) -> Vec<usize> {
    let share = |rows: usize| (fraction * rows as f64).floor() as usize;
    let equal = share(rows.iter().sum()).checked_div(rows.len()).unwrap_or(0);
    let of_known = |rows: usize| match rule {
        LabelRule::PerClassFraction => share(rows),
        LabelRule::EqualCount => equal,
    };
    let classes = rows.iter().enumerate();
    classes
        .map(|(class, &rows)| if hidden.contains(&class) { 0 } else { of_known(rows) })
        .collect()
}

/// The numbers of labels, if every known class gets some and has as many rows.
pub(super) fn checked_counts(there: &[usize], masking: &Masking<'_>) -> Result<Vec<usize>, LabelError> {
    let (fraction, regime, classes) = (masking.fraction, masking.regime, there.len());
    if !(fraction > 0.0 && fraction <= 1.0) {
        return Err(LabelError::Fraction { fraction });
    }
    check_hidden(masking.hidden, classes)?;
    if masking.hidden.len() == classes {
        return Err(LabelError::AllHidden { classes });
    }
    // A class without any row of its own is one that is never labeled.
    let without: Vec<usize> = (0..classes)
        .filter(|class| there[*class] == 0 || masking.hidden.contains(class))
        .collect();
    if !without.is_empty() && regime != Regime::SemiUnsupervised {
        let classes = without;
        return Err(LabelError::ClassesWithoutLabel { classes, regime });
    }
    let counts = label_counts(masking.rule, there, fraction, masking.hidden);
    for (class, (&count, &there)) in counts.iter().zip(there).enumerate() {
        if masking.hidden.contains(&class) {
            continue;
        }
        if count == 0 {
            return Err(LabelError::NoLabel {
                class,
                count,
                there,
                fraction,
            });
        }
        if count > there {
            return Err(LabelError::TooFew { class, count, there });
        }
    }
    Ok(counts)
}

/// Whether hidden classes exist, and each is named once.
///
/// # Errors
///
/// [`LabelError::HiddenClass`] and [`LabelError::HiddenTwice`].
pub fn check_hidden(hidden: &[usize], classes: usize) -> Result<(), LabelError> {
    for (index, &class) in hidden.iter().enumerate() {
        if class >= classes {
            return Err(LabelError::HiddenClass { class, classes });
        }
        if hidden[..index].contains(&class) {
            return Err(LabelError::HiddenTwice { class });
        }
    }
    Ok(())
}

/// Whether rows can be labeled ones: each there once, of a class that exists and is not hidden.
///
/// # Errors
///
/// [`LabelError::NoSuchRow`], [`LabelError::NoSuchClass`] and [`LabelError::HiddenLabel`], with the row.
pub fn check_labeled(
    labeled: &[usize],
    truth: &[Option<usize>],
    classes: usize,
    hidden: &[usize],
) -> Result<(), LabelError> {
    let mut is_labeled = vec![false; truth.len()];
    for &row in labeled {
        let rows = truth.len();
        let class = truth.get(row).copied().flatten();
        let Some(class) = class.filter(|_| !is_labeled[row]) else {
            return Err(LabelError::NoSuchRow { row, rows });
        };
        if class >= classes {
            let label = class;
            return Err(LabelError::NoSuchClass { row, label, classes });
        }
        if hidden.contains(&class) {
            return Err(LabelError::HiddenLabel { row, class });
        }
        is_labeled[row] = true;
    }
    Ok(())
}
