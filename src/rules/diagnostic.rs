//! Mistakes in rule files, for people and programs.
