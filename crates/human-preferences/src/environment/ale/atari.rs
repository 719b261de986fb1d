use std::ops::Range;

/// One of the paper's Atari games.
#[derive(Debug)]
pub(super) struct Atari {
    /// Name of the environment.
    pub(super) name: &'static str,
    /// Name of the game where the emulator knows it.
    pub(super) rom: &'static str,
    /// Number of its actions.
    pub(super) actions: usize,
    /// Rows and columns of the screen that show the score, and what tells of it as openly.
    pub(super) score: &'static [(Range<usize>, Range<usize>)],
    /// What the end of a game costs in the oracle's eyes: about as much as the game's small rewards are.
    pub(super) penalty: f64,
    pub(super) instructions: &'static str,
}

const WIDE: Range<usize> = 0..160;

/// The games of section 3.1.2. Areas of the screen are where the games show their numbers, found by looking at them.
pub(super) const GAMES: [Atari; 7] = [
    Atari {
        name: "ale-beam-rider",
        rom: "beam_rider",
        actions: 9,
        // The last area counts the enemies that are left.
        score: &[(0..31, WIDE), (31..42, 0..48)],
        penalty: 44.0,
        instructions: "Choose the clip in which the yellow ship hits more of what comes at it, and is not hit. Call it a \
            tie when both do alike.",
    },
    Atari {
        name: "ale-breakout",
        rom: "breakout",
        actions: 4,
        score: &[(0..17, WIDE)],
        penalty: 1.0,
        instructions: "Choose the clip in which more bricks are broken and the ball is kept in play. A clip in which no \
            ball is in play is the worse one. Call it a tie when both do alike.",
    },
    Atari {
        name: "ale-enduro",
        rom: "enduro",
        actions: 9,
        // The panel with distance, cars to overtake and day stands for a speedometer too.
        score: &[(160..192, WIDE)],
        penalty: 1.0,
        instructions: "Choose the clip in which the white car at the bottom makes better progress: it is fast, overtakes \
            others, and does not crash. Call it a tie when both drive alike.",
    },
    Atari {
        name: "ale-pong",
        rom: "pong",
        actions: 6,
        score: &[(0..24, WIDE)],
        // The paper has no penalty in this game.
        penalty: 0.0,
        instructions: "Choose the clip in which the green paddle at the right plays better: it gets to the ball, and the \
            ball passes the other paddle. Call it a tie when both play alike.",
    },
    Atari {
        name: "ale-qbert",
        rom: "qbert",
        actions: 6,
        score: &[(0..15, WIDE)],
        penalty: 25.0,
        instructions: "Choose the clip in which the orange figure turns more squares to the other color, and neither \
            jumps off the pyramid nor is caught. Call it a tie when both do alike.",
    },
    Atari {
        name: "ale-seaquest",
        rom: "seaquest",
        actions: 18,
        score: &[(0..20, WIDE)],
        penalty: 20.0,
        instructions: "Choose the clip in which the yellow submarine hits more fish, takes divers on board, comes up for \
            air in time, and is not hit. Call it a tie when both do alike.",
    },
    Atari {
        name: "ale-space-invaders",
        rom: "space_invaders",
        actions: 6,
        score: &[(0..22, WIDE)],
        penalty: 10.0,
        instructions: "Choose the clip in which the green cannon hits more invaders and is not hit. Call it a tie when \
            both do alike.",
    },
];
