/*
 * summaries.c
 *		Stages of a run: the values of all segments, from one scan of the
 *		source; and what units (days, patients, images) make of their intervals.
 */
#include "survey.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "known.h"

/* Bins of a stored fma_reliability: the curve; views coarsen it */
#define RELIABILITY_BINS 100

/* What rows are divided by besides the model version, in the order of their segments in SQL */
typedef struct Divisions
{
	int			n;
	const char *names[4];		/* of columns of the inner select */
} Divisions;

/* ", expression AS name", unless there is no such thing */
static void
AddColumn(StringInfo sql, const char *expression, const char *name)
{
	if (expression != NULL)
		appendStringInfo(sql, ", %s AS %s", expression, name);
}

/* A column as text in byte order, which is also the fastest to group by */
static char *
InByteOrder(const char *text)
{
	return text == NULL ? NULL : psprintf("(%s) COLLATE \"C\"", text);
}

static bool
HasReliability(FmaRun *run)
{
	return run->dataset->columns[FMA_CONFIDENCE] != NULL && FmaCorrectSql(run->dataset) != NULL;
}

/*
 * The rows of FmaRowsSql where they are images: their columns are read once,
 * the matrix of each is made once, and whether it failed and what it is at the
 * rules' thresholds, of that.
 */
static char *
ImageRowsSql(FmaRun *run, const char *from, const char *more)
{
	FmaDataset *dataset = run->dataset;
	const char *failed = dataset->failed != NULL ? "s.own_failed" :
		FmaKnownSql(dataset, "s.truth", "s.prediction", FmaMatrixFailedSql(dataset, "s.confusion"));
	StringInfoData sql;
	ListCell   *cell;

	initStringInfo(&sql);
	appendStringInfo(&sql, "(SELECT s.*, %s IS NOT NULL AS labelled, %s AS failed", failed, failed);
	foreach(cell, run->thresholds)
		appendStringInfo(&sql, ", %s AS confusion_%d", FmaConfusionAtSql(dataset, lfirst(cell), "s"), foreach_current_index(cell));
	appendStringInfo(&sql, " FROM (SELECT s.*, %s AS confusion FROM (SELECT %s AS truth", FmaConfusionOfSql(dataset, "s.truth", "s.prediction"),
					 FmaColumnSql(dataset, FMA_TRUTH));
	AddColumn(&sql, FmaColumnSql(dataset, FMA_PREDICTION), "prediction");
	AddColumn(&sql, InByteOrder(FmaTextSql(dataset, FMA_MODEL_VERSION)), "version");
	AddColumn(&sql, FmaFloat8Sql(dataset, FMA_CONFIDENCE), "confidence");
	if (dataset->failed != NULL)
		AddColumn(&sql, FmaFailedSql(dataset), "own_failed");
	appendStringInfo(&sql, "%s %s OFFSET 0) AS s OFFSET 0) AS s OFFSET 0) AS s", more, from);
	return sql.data;
}

/*
 * The rows of the source as "(SELECT ... ) AS s", with all that the values
 * are made of; "more" is further columns or "".  OFFSET 0 keeps each expression
 * from being evaluated once for every aggregate that uses it.
 */
char *
FmaRowsSql(FmaRun *run, const char *from, const char *more)
{
	FmaDataset *dataset = run->dataset;
	StringInfoData sql;

	if (FmaRowsAreImages(dataset))
		return ImageRowsSql(run, from, more);
	initStringInfo(&sql);
	appendStringInfo(&sql, "(SELECT (%s) IS NOT NULL AS labelled", FmaLossSql(dataset));
	AddColumn(&sql, InByteOrder(FmaTextSql(dataset, FMA_MODEL_VERSION)), "version");
	AddColumn(&sql, FmaFailedSql(dataset), "failed");
	AddColumn(&sql, FmaFloat8Sql(dataset, FMA_CONFIDENCE), "confidence");
	if (dataset->task == FMA_CLASSIFICATION)
	{
		AddColumn(&sql, FmaLabelSql(dataset, FMA_TRUTH), "truth");
		AddColumn(&sql, FmaLabelSql(dataset, FMA_PREDICTION), "prediction");
	}
	else if (dataset->task == FMA_REGRESSION)
	{
		AddColumn(&sql, FmaFloat8Sql(dataset, FMA_TRUTH), "truth");
		AddColumn(&sql, FmaFloat8Sql(dataset, FMA_PREDICTION), "prediction");
	}
	if (HasReliability(run))
		AddColumn(&sql, FmaCorrectSql(dataset), "correct");
	appendStringInfo(&sql, "%s %s OFFSET 0) AS s", more, from);
	return sql.data;
}

/*
 * The values of a group of such rows, named as the columns of
 * fma_result_summary; and "failed", the number of failures
 */
char *
FmaValuesSql(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;
	const char *schema = FmaSchema();
	bool		has_failed = FmaFailedSql(dataset) != NULL;
	StringInfoData sql;
	ListCell   *cell;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "count(*) AS n, count(*) FILTER (WHERE NOT s.labelled) AS unlabelled");
	if (has_failed)
		appendStringInfo(&sql, ", count(*) FILTER (WHERE s.failed) AS failed, %s.fma_failures(s.failed) AS failures", schema);
	else
		appendStringInfo(&sql, ", NULL::bigint AS failed, NULL::%s.fma_failures AS failures", schema);
	if (has_failed && dataset->columns[FMA_CONFIDENCE] != NULL)
		appendStringInfo(&sql, ", count(*) FILTER (WHERE s.failed AND s.confidence >= %s) AS confident_errors",
						 FmaFloat8ToString(dataset->high_confidence));
	else
		appendStringInfoString(&sql, ", NULL::bigint AS confident_errors");
	if (dataset->task == FMA_CLASSIFICATION)
		appendStringInfo(&sql, ", %s.fma_confusion(s.truth, s.prediction) AS confusion", schema);
	else if (FmaRowsAreImages(dataset))
		appendStringInfo(&sql, ", %s.fma_rollup(s.confusion) AS confusion", schema);
	else
		appendStringInfo(&sql, ", NULL::%s.fma_confusion AS confusion", schema);
	if (HasReliability(run))
		appendStringInfo(&sql, ", %s.fma_reliability(s.confidence, s.correct, %d) AS reliability", schema, RELIABILITY_BINS);
	else
		appendStringInfo(&sql, ", NULL::%s.fma_reliability AS reliability", schema);
	if (dataset->task == FMA_REGRESSION)
		appendStringInfo(&sql, ", %s.fma_regression(s.truth, s.prediction) AS regression", schema);
	else
		appendStringInfo(&sql, ", NULL::%s.fma_regression AS regression", schema);
	foreach(cell, run->thresholds)
	{
		FmaThreshold *threshold = lfirst(cell);
		int			i = foreach_current_index(cell);

		if (FmaRowsAreImages(dataset))
			appendStringInfo(&sql, ", %s.fma_rollup(s.confusion_%d) AS confusion_%d", schema, i, i);
		else
			appendStringInfo(&sql, ", %s.fma_confusion(s.truth, CASE WHEN s.confidence < %s THEN %s ELSE s.prediction END) AS confusion_%d",
							 schema, FmaFloat8ToString(threshold->min_confidence), quote_literal_cstr(threshold->below_label), i);
	}
	return sql.data;
}

/*
 * Stores rows with these values; "columns" are the others, which say which
 * segment it is.  A rule's threshold has a row of its own beside each.
 */
int64
FmaStoreSummaries(FmaRun *run, FmaRows *rows, const char *columns)
{
	static const char *const values = "n, unlabelled, failures, confident_errors, confusion, reliability, regression";
	int64		n = FmaStoreRows(run, rows, psprintf("INSERT INTO %s.fma_result_summary (run_id, below_label, %s, %s) SELECT $1, $2, %s, %s FROM fma_rows",
													 FmaSchema(), columns, values, columns, values), FmaBackground(run->dataset));
	ListCell   *cell;

	foreach(cell, run->thresholds)
	{
		FmaThreshold *threshold = lfirst(cell);

		n += FmaStoreRows(run, rows, psprintf("INSERT INTO %s.fma_result_summary (run_id, %s, min_confidence, min_iou, below_label, n, unlabelled, confusion) "
											  "SELECT $1, %s, %s, %s, $2, n, unlabelled, confusion_%d FROM fma_rows",
											  FmaSchema(), columns, columns, FmaFloat8ToString(threshold->min_confidence),
											  isnan(threshold->min_iou) ? "NULL" : FmaFloat8ToString(threshold->min_iou),
											  foreach_current_index(cell)), threshold->below_label);
	}
	return n;
}

static void
TakeThreshold(void *argument, TupleTableSlot *slot)
{
	FmaRun	   *run = argument;
	FmaDataset *dataset = run->dataset;
	FmaThreshold *threshold = palloc(sizeof(FmaThreshold));

	threshold->min_confidence = DatumGetFloat8(slot->tts_values[0]);
	threshold->min_iou = slot->tts_isnull[1] ? NAN : DatumGetFloat8(slot->tts_values[1]);
	threshold->below_label = TextDatumGetCString(slot->tts_values[2]);

	/* What the dataset can no longer tell, since a rule of it was made, the rules report as not measured */
	if (((threshold->min_confidence > 0.0 || isnan(threshold->min_iou)) &&
		 dataset->task != FMA_DETECTION && dataset->columns[FMA_CONFIDENCE] == NULL) ||
		(!isnan(threshold->min_iou) && !FmaRowsAreImages(dataset)))
		return;
	run->thresholds = lappend(run->thresholds, threshold);
}

/* The thresholds of the dataset's rules, each of which wants a confusion of its own */
static void
ReadThresholds(FmaRun *run)
{
	char	   *settings;

	if (!FmaHasLabels(run->dataset))
		return;
	settings = quote_literal_cstr(JsonbToCString(NULL, &run->dataset->settings->root, VARSIZE(run->dataset->settings)));
	FmaEachResult(run, psprintf("SELECT DISTINCT h.min_confidence, h.min_iou, h.background FROM %s.fma_rule AS r, "
								"LATERAL %s.fma_rule_threshold(r.min_confidence, r.min_iou, r.background_label, %s::jsonb) AS h "
								"WHERE r.dataset_id = %d AND h.min_confidence IS NOT NULL ORDER BY 1, 2, 3",
								FmaSchema(), FmaSchema(), settings, run->dataset->id), TakeThreshold, run);
}

/* The start of a row's period; times that are not finite have none */
static char *
PeriodSql(FmaRun *run)
{
	char	   *at = FmaTimeSql(run->dataset);

	return psprintf("CASE WHEN isfinite(%s) THEN date_trunc('%s', %s, %s) END", at, run->period, at,
					quote_literal_cstr(run->dataset->timezone));
}

/* What is divided by, as columns of the inner select */
static Divisions
AddDivisions(FmaRun *run, StringInfo more)
{
	Divisions	divisions = {0};

	if (run->period != NULL)
	{
		AddColumn(more, PeriodSql(run), "period");
		divisions.names[divisions.n++] = "period";
	}
	if (run->by_batch)
	{
		AddColumn(more, InByteOrder(FmaTextSql(run->dataset, FMA_BATCH)), "batch");
		divisions.names[divisions.n++] = "batch";
	}
	if (run->by_place)
	{
		AddColumn(more, InByteOrder(FmaTextSql(run->dataset, FMA_PLACE)), "place");
		divisions.names[divisions.n++] = "place";
	}
	if (run->by_cluster)
	{
		AddColumn(more, InByteOrder(psprintf("%s::text", FmaRunClusterSql(run, "t"))), "cluster");
		divisions.names[divisions.n++] = "cluster";
	}
	return divisions;
}

/*
 * The columns that say which segment a group is.  GROUPING has a bit for each
 * division, the last one the lowest, which is 0 where the rows are divided by it.
 */
static void
AddSegmentColumns(FmaRun *run, StringInfo sql, const Divisions *divisions)
{
	bool		has_version = run->dataset->columns[FMA_MODEL_VERSION] != NULL;
	StringInfoData grouping,
				kind,
				segment;
	const char *starts_at = "NULL::timestamptz";
	int			all = (1 << divisions->n) - 1;

	initStringInfo(&grouping);
	initStringInfo(&kind);
	initStringInfo(&segment);
	for (int i = 0; i < divisions->n; i++)
	{
		const char *name = divisions->names[i];
		int			bits = all & ~(1 << (divisions->n - 1 - i));

		appendStringInfo(&grouping, "%ss.%s", i > 0 ? ", " : "GROUPING(", name);
		appendStringInfo(&kind, " WHEN %d THEN '%s'", bits, name);
		if (strcmp(name, "period") == 0)
			starts_at = "s.period";
		else
			appendStringInfo(&segment, " WHEN %d THEN s.%s", bits, name);
	}
	if (divisions->n == 0)
		appendStringInfoString(sql, "'overall'::text AS segment_by");
	else
		appendStringInfo(sql, "CASE %s)%s ELSE 'overall' END AS segment_by", grouping.data, kind.data);
	if (segment.len == 0)
		appendStringInfoString(sql, ", NULL::text AS segment");
	else
		appendStringInfo(sql, ", CASE %s)%s END AS segment", grouping.data, segment.data);
	appendStringInfo(sql, ", %s AS starts_at, %s AS model_version", starts_at, has_version ? "s.version" : "NULL::text");
}

/* Where a period ends: a day later, as the clocks of the time zone have it */
static const char *
EndsAtSql(FmaRun *run)
{
	const char *zone = quote_literal_cstr(run->dataset->timezone);
	const char *length;

	if (run->period == NULL)
		return "NULL::timestamptz";
	if (strcmp(run->period, "hour") == 0)
		return "s.period + interval '1 hour'";
	length = strcmp(run->period, "quarter") == 0 ? "3 months" : psprintf("1 %s", run->period);
	return psprintf("((s.period AT TIME ZONE %s) + interval '%s') AT TIME ZONE %s", zone, length, zone);
}

/* GROUP BY, with "unit" as well if it is given */
static void
AddGroupBy(FmaRun *run, StringInfo sql, const Divisions *divisions, const char *unit)
{
	const char *version = run->dataset->columns[FMA_MODEL_VERSION] != NULL ? "s.version" : NULL;
	StringInfoData common;

	initStringInfo(&common);
	appendStringInfo(&common, "%s%s%s", version == NULL ? "" : version, version != NULL && unit != NULL ? ", " : "",
					 unit == NULL ? "" : unit);
	if (divisions->n == 0)
	{
		if (common.len > 0)
			appendStringInfo(sql, " GROUP BY %s", common.data);
		return;
	}
	appendStringInfo(sql, " GROUP BY GROUPING SETS ((%s)", common.data);
	for (int i = 0; i < divisions->n; i++)
		appendStringInfo(sql, ", (%s%ss.%s)", common.data, common.len > 0 ? ", " : "", divisions->names[i]);
	appendStringInfoChar(sql, ')');
}

/*
 * The mean position of a place.  One across the date line has longitudes at
 * both ends; they are then counted from 0 to 360.
 */
static void
AddPosition(FmaRun *run, StringInfo sql, StringInfo more)
{
	FmaDataset *dataset = run->dataset;

	if (!run->by_place || dataset->columns[FMA_LONGITUDE] == NULL || dataset->columns[FMA_LATITUDE] == NULL)
	{
		appendStringInfoString(sql, ", NULL::double precision AS longitude, NULL::double precision AS latitude");
		return;
	}
	AddColumn(more, FmaFiniteSql(FmaFloat8Sql(dataset, FMA_LONGITUDE)), "longitude");
	AddColumn(more, FmaFiniteSql(FmaFloat8Sql(dataset, FMA_LATITUDE)), "latitude");
	appendStringInfoString(sql, ", CASE WHEN max(s.longitude) - min(s.longitude) <= 180 THEN avg(s.longitude) "
						   "ELSE (avg(CASE WHEN s.longitude < 0 THEN s.longitude + 360 ELSE s.longitude END) + 180)::numeric % 360 - 180 END::double precision AS longitude, "
						   "avg(s.latitude) AS latitude");
}

/* A column of a row by its name */
static int64
CountIn(TupleTableSlot *slot, const char *name, int64 missing)
{
	int			i = SPI_fnumber(slot->tts_tupleDescriptor, name) - 1;

	return slot->tts_isnull[i] ? missing : DatumGetInt64(slot->tts_values[i]);
}

/* What the run itself wants to know of the rows of the overall segments, whose kind is the first column */
static void
TakeOverall(void *argument, TupleTableSlot *slot)
{
	FmaRun	   *run = argument;
	int64		failed = CountIn(slot, "failed", -1);

	if (strcmp(TextDatumGetCString(slot->tts_values[0]), "overall") != 0)
		return;
	run->n += CountIn(slot, "n", 0);
	if (failed >= 0)
		run->failures = Max(run->failures, 0) + failed;
}

/* The metrics of the class probabilities, overall: they are added to the rows that are stored */
static void
AddProbabilities(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;
	const char *schema = FmaSchema();
	bool		has_version = dataset->columns[FMA_MODEL_VERSION] != NULL;
	StringInfoData labels;
	ListCell   *cell;
	char	   *query;

	if (dataset->columns[FMA_PROBABILITIES] == NULL || dataset->probability_labels == NIL ||
		dataset->columns[FMA_TRUTH] == NULL || dataset->task != FMA_CLASSIFICATION)
		return;
	initStringInfo(&labels);
	foreach(cell, dataset->probability_labels)
		appendStringInfo(&labels, "%s%s", labels.len == 0 ? "ARRAY[" : ", ",
						 quote_literal_cstr(FmaShownLabel(dataset, lfirst(cell))));
	appendStringInfoString(&labels, "]::text[]");
	query = psprintf("SELECT %s AS model_version, %s.fma_confidence_log_loss(%s.fma_reliability(s.p, true, 1)) AS log_loss, "
					 "avg((s.rank <= 3)::integer)::double precision AS top_3_accuracy, "
					 "avg((s.rank <= 5)::integer)::double precision AS top_5_accuracy, "
					 "%s.fma_classwise_ece(s.probabilities, s.labels, s.truth) AS classwise_ece "
					 "FROM (SELECT *, %s.fma_truth_probability(q.probabilities, q.labels, q.truth) AS p, "
					 "%s.fma_truth_rank(q.probabilities, q.labels, q.truth) AS rank "
					 "FROM (SELECT %s AS version, %s::double precision[] AS probabilities, %s AS labels, %s AS truth %s OFFSET 0) AS q OFFSET 0) AS s%s",
					 has_version ? "s.version" : "NULL::text", schema, schema, schema, schema, schema,
					 has_version ? InByteOrder(FmaTextSql(dataset, FMA_MODEL_VERSION)) : "NULL::text",
					 FmaColumnSql(dataset, FMA_PROBABILITIES), labels.data, FmaLabelSql(dataset, FMA_TRUTH), run->from,
					 has_version ? " GROUP BY s.version" : "");
	FmaStoreAndFreeRows(run, FmaReadSource(run, query),
				 psprintf("UPDATE %s.fma_result_summary AS r SET log_loss = p.log_loss, top_3_accuracy = p.top_3_accuracy, "
						  "top_5_accuracy = p.top_5_accuracy, classwise_ece = p.classwise_ece FROM fma_rows AS p "
						  "WHERE r.run_id = $1 AND r.segment_by = 'overall' AND r.min_confidence IS NULL "
						  "AND r.model_version IS NOT DISTINCT FROM p.model_version", schema), NULL);
}

/* Stores what calibration alone would show, which takes too long to be worked out whenever a view is read */
static void
AddCalibration(FmaRun *run)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(run->run_id)};
	const char *schema = FmaSchema();

	FmaWrite(psprintf("UPDATE %s.fma_result_summary SET (ece_if_calibrated, ece_p_value) = "
					  "(SELECT expected, p_value FROM %s.fma_ece_if_calibrated(%s.fma_coarsen(reliability, 10))) "
					  "WHERE run_id = $1 AND segment_by = 'overall' AND min_confidence IS NULL AND reliability IS NOT NULL",
					  schema, schema, schema), lengthof(types), types, values, NULL);
}

/* Stores what the summaries tell of the run as a whole, which the stages after them look up */
static void
DescribeRun(FmaRun *run)
{
	Oid			types[] = {INT8OID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TEXTOID};
	Datum		values[] = {Int64GetDatum(run->run_id), Int64GetDatum(run->n),
		TimestampTzGetDatum(run->first_at), TimestampTzGetDatum(run->last_at),
		run->version == NULL ? (Datum) 0 : CStringGetTextDatum(run->version),
	run->period == NULL ? (Datum) 0 : CStringGetTextDatum(run->period)};
	char		no_time = run->first_at <= run->last_at ? ' ' : 'n';
	char		nulls[] = {' ', ' ', no_time, no_time, run->version == NULL ? 'n' : ' ', run->period == NULL ? 'n' : ' '};

	FmaWrite(psprintf("UPDATE %s.fma_result_run SET n = $2, first_at = $3, last_at = $4, model_version = $5, period = $6 "
					  "WHERE run_id = $1", FmaSchema()), lengthof(types), types, values, nulls);
}

/*
 * Stage: one row for each model version, and for each of its periods, batches,
 * places and clusters, from one scan.
 */
int64
FmaRunSummaries(FmaRun *run)
{
	StringInfoData query,
				more;
	Divisions	divisions;
	FmaRows    *rows;
	int64		n;

	FmaSurveySource(run);
	FmaNoteExclusion(run);
	FmaPrepareClusters(run);
	ReadThresholds(run);
	initStringInfo(&query);
	initStringInfo(&more);
	divisions = AddDivisions(run, &more);
	appendStringInfoString(&query, "SELECT ");
	AddSegmentColumns(run, &query, &divisions);
	AddPosition(run, &query, &more);
	appendStringInfo(&query, ", %s AS ends_at, %s::double precision AS design_effect, %s FROM %s", EndsAtSql(run),
					 run->dataset->columns[FMA_UNIT] == NULL ? "1" : "NULL",	/* or what the units will say */
					 FmaValuesSql(run), FmaRowsSql(run, run->from, more.data));
	AddGroupBy(run, &query, &divisions, NULL);
	rows = FmaReadSource(run, query.data);
	n = FmaStoreSummaries(run, rows, "segment_by, segment, starts_at, ends_at, longitude, latitude, model_version, design_effect");
	FmaEachRow(rows, TakeOverall, run);
	if (n == 0)					/* no rows, hence no versions: say so, that views have something to show */
		n = FmaStoreRows(run, rows, psprintf("INSERT INTO %s.fma_result_summary (run_id, segment_by, n, unlabelled) "
											 "VALUES ($1, 'overall', 0, 0)", FmaSchema()), NULL);
	FmaFreeRows(rows);
	AddProbabilities(run);
	AddCalibration(run);
	DescribeRun(run);
	return n;
}

const char *
FmaLeaveOutUnits(FmaRun *run)
{
	return run->dataset->columns[FMA_UNIT] == NULL ? "the dataset has no unit" : NULL;
}

/*
 * Stage: the design effect of each segment, from the sums of its units.
 *
 * The mean loss is a ratio, of the sum of the losses to the number of rows;
 * its variance by linearisation (Cochran, 1977, chapter 6), as in units.c,
 * over what it would be if the rows were independent, at least 1.  Where all
 * losses are equal it is the most it can be, as if all rows of a unit said the
 * same; a single unit cannot tell, and it is NULL.
 */
int64
FmaRunUnits(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;
	StringInfoData query,
				more;
	Divisions	divisions;
	const char *loss = FmaLossSql(dataset);
	bool		boolean = FmaFailedSql(dataset) != NULL;

	initStringInfo(&query);
	initStringInfo(&more);
	appendStringInfo(&more, "SELECT (%s)%s AS loss, %s AS unit", loss, boolean ? "::integer::double precision" : "",
					 InByteOrder(FmaTextSql(dataset, FMA_UNIT)));
	AddColumn(&more, InByteOrder(FmaTextSql(dataset, FMA_MODEL_VERSION)), "version");
	divisions = AddDivisions(run, &more);
	appendStringInfoString(&query,
						   "WITH unit AS (SELECT ");
	AddSegmentColumns(run, &query, &divisions);
	appendStringInfo(&query, ", count(*)::double precision AS n, sum(s.loss) AS l, sum(s.loss * s.loss) AS q "
					 "FROM (%s %s AND (%s) IS NOT NULL OFFSET 0) AS s", more.data, run->from, loss);
	AddGroupBy(run, &query, &divisions, "s.unit");
	appendStringInfoString(&query,
						   "), segment AS (SELECT segment_by, segment, starts_at, model_version, count(*) AS units, sum(n) AS n, "
						   "sum(l) / sum(n) AS mean, sum(q) AS q, sum(l * l) AS ll, sum(n * l) AS nl, sum(n * n) AS nn "
						   "FROM unit GROUP BY segment_by, segment, starts_at, model_version), "
						   "variance AS (SELECT *, ll - 2 * mean * nl + mean * mean * nn AS by_units, q - n * mean * mean AS by_rows FROM segment) "
						   "SELECT segment_by, segment, starts_at, model_version, units, "
						   "CASE WHEN units = 1 THEN NULL WHEN by_rows > 1e-12 * q THEN greatest(by_units / by_rows * units / (units - 1), 1) "
						   "ELSE nn / n END AS design_effect FROM variance");
	return FmaStoreAndFreeRows(run, FmaReadSource(run, query.data),
						psprintf("UPDATE %s.fma_result_summary AS r SET n_units = u.units, design_effect = u.design_effect "
								 "FROM fma_rows AS u WHERE r.run_id = $1 AND r.segment_by = u.segment_by "
								 "AND ROW(r.segment, r.starts_at, r.model_version)::text = ROW(u.segment, u.starts_at, u.model_version)::text",
								 FmaSchema()), NULL);
}
