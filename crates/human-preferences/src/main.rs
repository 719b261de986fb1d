//! The experiments of learning from human preferences: `human-preferences --help`.

papers_core::program!(human_preferences::paper());
