# fma: failure mode analysis inside PostgreSQL
#
#   make && make install     build and install for the server of PG_CONFIG
#   make installcheck        regression tests on a running server (see PostgreSQL's PGXS)
#   make demo                set everything up and analyse real predictions in a private cluster
#   make test                set everything up and run all tests in a private cluster
#   make test-clients        set everything up and read the views through SQLAlchemy and PostGraphile
#   make bench               set everything up and print the speed ratios

EXTENSION = fma

# One topic is a pair of files: src/topic.c and src/topic.sql. The order is the
# order of the install script: a topic uses only what stands before it.
TOPICS = value labels matrix confusion metrics intervals reliability calibration calibrated distributions \
	statistics failure regression scores query losses dictionary encode bins period calendar conditions arguments \
	chunks tables evidence units search slices hotspots compare vectors kernels embedded neighbour_kernels \
	neighbours duplicates seeding bounds lloyd kmeans kmeans_fit kmeans_step kmeans_step_io kmeans_train grid \
	circles scan replicates places cells spacetime segments changepoints drift explain boxes matching box_sets \
	box_sets_io box_confusion coco mask_runs masks mask_rle mask_png mask_confusion images known as_of dataset \
	settings expression problems register source filter run stages survey summaries clusters review findings \
	confirmation versions changes where rules schedule predictions dashboard views report_values figures markup \
	charts plots map page_style page_table page_findings page_matrix page_when page_checks page_rows page markdown \
	report_words examples examples_json report report_store statistics_test scan_test

present = $(wildcard $(addprefix $(top)src/,$(addsuffix $(1),$(TOPICS))))
top := $(dir $(lastword $(MAKEFILE_LIST)))

MODULE_big = fma
OBJS = $(patsubst $(top)%.c,%.o,$(call present,.c)) src/fma.o
SQL_PARTS = $(call present,.sql)
DATA = fma--1.0.sql
REGRESS = $(sort $(patsubst $(top)sql/%.sql,%,$(wildcard $(top)sql/*.sql)))
REGRESS_OPTS = --inputdir=$(top) --load-extension=fma

# Contraction into fused multiply-adds would make figures depend on the processor.
PG_CFLAGS = -ffp-contract=off -fno-math-errno -Wall -Wextra \
	-Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers -Wno-clobbered \
	-Wno-cast-function-type -Wno-declaration-after-statement $(FMA_CFLAGS)
SHLIB_LINK = -lm

# libpng is optional: without it, or with png=no, fma_mask_from_png says so.
ifneq ($(png),no)
png_libs := $(shell libpng-config --ldflags 2>/dev/null || pkg-config --libs libpng 2>/dev/null)
endif
ifneq ($(png_libs),)
png_flags := -DFMA_WITH_PNG $(shell libpng-config --I_opts 2>/dev/null || pkg-config --cflags libpng)
PG_CPPFLAGS += $(png_flags)
SHLIB_LINK += $(png_libs)
endif
EXTRA_CLEAN = src/*.bc

COMMANDS = demo test test-clients bench
.PHONY: $(COMMANDS) assemble

# These set up the server they need, so they must not ask PGXS for it first.
ifneq ($(filter $(COMMANDS) assemble,$(MAKECMDGOALS)),)

$(COMMANDS):
	@PG_CONFIG="$(PG_CONFIG)" KEEP="$(KEEP)" $(top)script/$@

assemble: $(top)fma--1.0.sql

else

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(OBJS): $(wildcard $(top)src/*.h)
# Loops over arrays, which -O2 alone leaves as they are.
src/calibrated.o src/vectors.o src/kernels.o src/bounds.o src/neighbours.o src/neighbour_kernels.o: CFLAGS += $(CFLAGS_VECTORIZE)
all: $(top)fma--1.0.sql

endif

# The install script is committed, so that an install needs no more than a copy.
$(top)fma--1.0.sql: $(SQL_PARTS) $(top)Makefile
	@{ printf '%s\n' '-- Made from src/*.sql by "make assemble"; do not edit.' \
		'-- complain if script is sourced in psql, rather than via CREATE EXTENSION' \
		'\echo Use "CREATE EXTENSION fma" to load this file. \quit'; \
	  for part in $(SQL_PARTS); do echo; cat $$part; done; } > $@.new
	@if cmp -s $@.new $@; then rm $@.new; touch $@; else mv $@.new $@; echo "assembled $@"; fi
