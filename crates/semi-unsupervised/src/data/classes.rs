//! Hidden classes and the prior, as a configuration asks for them.

use papers_core::{Error, Result, base::suggest::nearest};

use super::{
    prior::{self, class_prior, frequencies},
    rows::Rows,
    split::{LabelError, check_hidden},
};
use crate::config::{DataConfig, PriorRule, Regime};

/// More clusters than a bound can be summed over.
const MOST_CLUSTERS: usize = 100_000;

/// Classes that are never labeled, ascending.
pub(super) fn hidden_classes(
    config: &DataConfig,
    class_names: &[String],
    absent: &[usize],
    warnings: &mut Vec<String>,
) -> Result<Vec<usize>> {
    if config.regime == Regime::Unsupervised {
        return Ok((0..class_names.len()).collect());
    }
    let mut hidden = config.hidden.clone();
    for name in &config.hidden_names {
        hidden.push(class_names.iter().position(|class| class == name).ok_or_else(|| {
            let similar = nearest(name, class_names.iter().map(String::as_str));
            let hint = similar
                .map(|similar| format!("; did you mean `{similar}`?"))
                .unwrap_or_default();
            Error::Usage(format!(
                "`data.hidden_names`: there is no class `{name}` (there are {}){hint}",
                class_names.join(", ")
            ))
        })?);
    }
    check_hidden(&hidden, class_names.len())?;
    if config.regime == Regime::SemiUnsupervised {
        let mut names = Vec::new();
        for &class in absent
            .iter()
            .filter(|class| !hidden.contains(class))
            .collect::<Vec<_>>()
        {
            names.push(format!("`{}`", class_names[class]));
            hidden.push(class);
        }
        if !names.is_empty() {
            let names = names.join(", ");
            warnings.push(format!("classes that only test rows have are hidden ones: {names}"));
        }
        if hidden.is_empty() && config.extra == 0 {
            return Err(LabelError::NothingHidden.into());
        }
    }
    hidden.sort_unstable();
    Ok(hidden)
}

/// `p(y)` of all clusters.
pub(super) fn prior_of(
    config: &DataConfig,
    train: &Rows,
    class_names: &[String],
    hidden: &[usize],
    warnings: &mut Vec<String>,
) -> Result<Vec<f64>> {
    let classes = class_names.len();
    let clusters = classes
        .checked_add(config.extra)
        .filter(|&clusters| clusters <= MOST_CLUSTERS);
    let clusters = clusters.ok_or_else(|| {
        let extra = config.extra;
        Error::Usage(format!(
            "`data.extra`: {extra} extra clusters make more than {MOST_CLUSTERS}"
        ))
    })?;
    let base = match config.prior {
        PriorRule::Uniform => vec![1.0 / classes as f64; classes],
        PriorRule::Empirical | PriorRule::EmpiricalAuthors => {
            let counts = train.class_counts(classes)?;
            if hidden.is_empty() && config.extra > 0 {
                warnings.push(
                    "`data.prior`: with extra clusters and no hidden class all clusters have the same, whatever frequencies are".to_owned(),
                );
            }
            let unknown = train.len() - counts.iter().sum::<usize>();
            if unknown > 0 {
                warnings.push(format!(
                    "`data.prior`: frequencies are those of rows with a class; {unknown} rows have none"
                ));
            }
            frequencies(&counts, class_names)?
        }
    };
    // Without labels no cluster is that of a class, and all have the same.
    let hidden = if config.regime == Regime::Unsupervised {
        &[]
    } else {
        hidden
    };
    let prior = class_prior(config.prior, &base, hidden, config.extra)?;
    prior::check(&prior, classes, clusters)?;
    Ok(prior)
}
