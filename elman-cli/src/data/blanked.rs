//! Values that somebody says mean missing, in formats whose cells are not words.

use super::table::{Block, Blocks};
use crate::base::failure::Result;

/// Sequences in which some values stand for none.
struct Blanked {
    blocks: Box<dyn Blocks>,
    missing: Vec<f64>,
}

/// The words are those of `--missing`; what is no number stands nowhere.
pub fn blank(blocks: Box<dyn Blocks>, words: &[String]) -> Box<dyn Blocks> {
    let numbers = words.iter().filter_map(|word| word.trim().parse().ok());
    let missing: Vec<f64> = numbers.collect();
    if missing.is_empty() {
        blocks
    } else {
        Box::new(Blanked { blocks, missing })
    }
}

impl Blocks for Blanked {
    fn columns(&self) -> &[String] {
        self.blocks.columns()
    }

    fn left_out(&self) -> &[String] {
        self.blocks.left_out()
    }

    fn stamp_name(&self) -> Option<String> {
        self.blocks.stamp_name()
    }

    fn group_column(&self) -> Option<&str> {
        self.blocks.group_column()
    }

    fn is_array(&self) -> bool {
        self.blocks.is_array()
    }

    fn next_block(&mut self) -> Result<Option<Block>> {
        let mut block = self.blocks.next_block()?;
        let values = block.iter_mut().flat_map(|block| &mut block.values);
        for value in values.filter(|value| self.missing.contains(value)) {
            *value = f64::NAN;
        }
        Ok(block)
    }
}
