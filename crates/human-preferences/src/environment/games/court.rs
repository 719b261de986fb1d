/// Width and height of the court, in pixels.
pub(super) const COURT: i32 = 80;
/// Width and height of a cell of the grid, in pixels.
pub(super) const CELL: i32 = 8;
/// Cells in a row of the grid, and rows.
pub(super) const CELLS: i32 = COURT / CELL;
/// First column of the court in the agent's picture; as many are right of it.
pub(super) const LEFT: i32 = 2;
/// First row of the court in the agent's picture; a score is written above.
pub(super) const TOP: i32 = 4;
/// Frames of an agent's step.
pub(super) const FRAMES: usize = 4;
/// Where things that fill a cell may be, in pixels.
pub(super) const LAST: i32 = COURT - CELL;

/// `[channels, 10, 10]` cells, each 0 or 1.
pub(super) struct Grid<'a> {
    cells: &'a mut [f32],
}

impl<'a> Grid<'a> {
    /// An empty grid; the number of `cells` tells that of the channels.
    pub(super) fn new(cells: &'a mut [f32]) -> Self {
        cells.fill(0.0);
        Self { cells }
    }

    /// Marks the cell that holds a point of the court, in pixels; points outside of it are left out.
    pub(super) fn mark(&mut self, channel: usize, x: i32, y: i32) {
        if (0..COURT).contains(&x) && (0..COURT).contains(&y) {
            let side = CELLS as usize;
            let (column, row) = ((x / CELL) as usize, (y / CELL) as usize);
            self.cells[(channel * side + row) * side + column] = 1.0;
        }
    }
}
