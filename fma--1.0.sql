-- Made from src/*.sql by "make assemble"; do not edit.
-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION fma" to load this file. \quit
