//! The index through its public interface: answers, damage, format.

mod answers_like_a_map;
mod facts;
mod golden;
mod survives_damage;
