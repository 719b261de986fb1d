//! Dormand and Prince's method of order 5(4) (1980), with either of two error estimates.

use super::{Embedded, Interpolant, Tableau};

/// Dormand and Prince's method of order 5(4), with the error estimate of Shampine (1986).
pub const DOPRI5: Tableau = Tableau {
    name: "dopri5",
    order: 5,
    nodes: &[0.0, 1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0],
    matrix: &[
        &[],
        &[1.0 / 5.0],
        &[3.0 / 40.0, 9.0 / 40.0],
        &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
        &[
            19_372.0 / 6_561.0,
            -25_360.0 / 2_187.0,
            64_448.0 / 6_561.0,
            -212.0 / 729.0,
        ],
        &[
            9_017.0 / 3_168.0,
            -355.0 / 33.0,
            46_732.0 / 5_247.0,
            49.0 / 176.0,
            -5_103.0 / 18_656.0,
        ],
        &[
            35.0 / 384.0,
            0.0,
            500.0 / 1_113.0,
            125.0 / 192.0,
            -2_187.0 / 6_784.0,
            11.0 / 84.0,
        ],
    ],
    weights: &[
        35.0 / 384.0,
        0.0,
        500.0 / 1_113.0,
        125.0 / 192.0,
        -2_187.0 / 6_784.0,
        11.0 / 84.0,
        0.0,
    ],
    embedded: Some(SHAMPINE),
    is_fsal: true,
};

/// [`DOPRI5`] with the error estimate of Dormand and Prince, as in SciPy's `RK45`.
pub const DOPRI5_CLASSIC: Tableau = Tableau {
    name: "dopri5_classic",
    embedded: Some(Embedded {
        // b̂ = 5179/57600, 0, 7571/16695, 393/640, -92097/339200, 187/2100, 1/40
        error_weights: &[
            71.0 / 57_600.0,
            0.0,
            -71.0 / 16_695.0,
            71.0 / 1_920.0,
            -17_253.0 / 339_200.0,
            22.0 / 525.0,
            -1.0 / 40.0,
        ],
        ..SHAMPINE
    }),
    ..DOPRI5
};

const SHAMPINE: Embedded = Embedded {
    // b̂ = 1951/21600, 0, 22642/50085, 451/720, -12231/42400, 649/6300, 1/60
    error_weights: &[
        71.0 / 86_400.0,
        0.0,
        -142.0 / 50_085.0,
        71.0 / 2_880.0,
        -5_751.0 / 169_600.0,
        44.0 / 1_575.0,
        -1.0 / 60.0,
    ],
    order: 4,
    exponent: 5,
    interpolant: Interpolant::Quartic {
        mid: &[
            6_025_192_743.0 / 60_171_106_304.0,
            0.0,
            51_252_292_925.0 / 130_801_643_196.0,
            -2_691_868_925.0 / 90_256_659_456.0,
            187_940_372_067.0 / 3_189_068_634_112.0,
            -1_776_094_331.0 / 39_487_288_512.0,
            11_237_099.0 / 470_086_768.0,
        ],
    },
};
