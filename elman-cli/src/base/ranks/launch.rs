//! What a launcher (mpirun, srun) tells the processes that it starts side by side, before any of them speaks to another.

use crate::base::failure::{Failure, Result};

/// Which of several processes this one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Counted from 0.
    pub rank: usize,
    pub count: usize,
}

/// Where launchers put rank and count: Open MPI, MPICH and Intel MPI, Slurm's PMIx.
const VARIABLES: [[&str; 2]; 3] = [
    ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"],
    ["PMI_RANK", "PMI_SIZE"],
    ["PMIX_RANK", "SLURM_STEP_NUM_TASKS"],
];

impl Launch {
    /// A process that stands for itself.
    const ALONE: Self = Self { rank: 0, count: 1 };

    /// What the environment says.
    pub fn of_environment() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let number = |name: &str| variable(name)?.parse().ok();
        let found = VARIABLES.iter().find_map(|[rank, count]| {
            let (rank, count) = (number(rank)?, number(count)?);
            (rank < count).then_some(Self { rank, count })
        });
        found.unwrap_or(Self::ALONE)
    }

    /// Whether it is the one that speaks and writes.
    pub const fn is_first(self) -> bool {
        self.rank == 0
    }

    /// # Errors
    /// There are others: each would do the work of all.
    pub fn must_be_alone(self) -> Result<()> {
        if self.count == 1 {
            return Ok(());
        }
        Err(Failure::input(format!(
            "{} processes were started side by side, but only elman train shares its work among them: start this without mpirun",
            self.count
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn launchers_say_who_we_are() {
        let of = |pairs: &[(&str, &str)]| {
            Launch::of(|name| {
                let found = pairs.iter().find(|(other, _)| *other == name)?;
                Some(found.1.to_owned())
            })
        };
        let second = Launch { rank: 1, count: 3 };
        let open = [
            ("OMPI_COMM_WORLD_RANK", "1"),
            ("OMPI_COMM_WORLD_SIZE", "3"),
            ("PMIX_RANK", "1"),
        ];
        assert_eq!(of(&open), second);
        assert_eq!(of(&[("PMI_RANK", "1"), ("PMI_SIZE", "3")]), second);
        assert_eq!(of(&[]), Launch::ALONE);
        assert_eq!(of(&open[..1]), Launch::ALONE);
        assert_eq!(of(&[("PMI_RANK", "x"), ("PMI_SIZE", "3")]), Launch::ALONE);
        assert!(second.must_be_alone().is_err() && Launch::ALONE.must_be_alone().is_ok());
    }
}
