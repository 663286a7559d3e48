/*
 * clusters.c
 *		Clusters of a dataset's embeddings in a run.
 *
 * A model is fitted once, to the rows of the current model version, and kept,
 * so that a cluster means the same in the next run.  Rows are put into clusters
 * by SQL that names the stored model; so predicates of slices stay SQL over the
 * source, and those of earlier runs go on meaning what they meant.
 */
#include "findings.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(fma_refit_clusters);

/* What the first centroids are drawn by: the same rows give the same model */
#define SEED 1

/* Ids that are named of each cluster */
#define REPRESENTATIVES 5

/* The dataset's model, as it is stored */
typedef struct StoredModel
{
	int			id;				/* 0 if there is none */
	int			k;
	char	   *embedding;
} StoredModel;

char *
FmaClusterSql(const char *condition, const char *embedding)
{
	const char *schema = FmaSchema();

	return psprintf("%s.fma_kmeans_assign((SELECT model FROM %s.fma_cluster_model WHERE %s), %s)", schema, schema, condition, embedding);
}

/* The cluster of a row of the source, whose alias may be left out */
char *
FmaRunClusterSql(FmaRun *run, const char *alias)
{
	const char *column = quote_identifier(run->dataset->columns[FMA_EMBEDDING]);

	return FmaClusterSql(psprintf("model_id = %d", run->cluster_model), alias == NULL ? column : psprintf("%s.%s", alias, column));
}

static int
NumberOfClusters(const FmaDataset *dataset)
{
	return dataset->columns[FMA_EMBEDDING] == NULL ? 0 : (int) FmaSettingNumber(dataset, "clusters", 0);
}

static void
TakeModel(void *argument, TupleTableSlot *slot)
{
	StoredModel *model = argument;

	model->id = DatumGetInt32(slot->tts_values[0]);
	model->k = DatumGetInt32(slot->tts_values[1]);
	model->embedding = TextDatumGetCString(slot->tts_values[2]);
}

static StoredModel
FindModel(FmaRun *run)
{
	StoredModel model = {0};

	FmaEachResult(run, psprintf("SELECT model_id, k, embedding FROM %s.fma_cluster_model WHERE dataset_id = %d AND NOT retired",
								FmaSchema(), run->dataset->id), TakeModel, &model);
	return model;
}

/* Takes the model out of use; returns how many there were */
static uint64
Retire(const FmaDataset *dataset)
{
	return FmaWrite(psprintf("UPDATE %s.fma_cluster_model SET retired = true WHERE dataset_id = %d AND NOT retired",
							 FmaSchema(), dataset->id), 0, NULL, NULL, NULL);
}

/* The embeddings to fit; their order decides what is drawn, so it is fixed if there is an id */
static char *
EmbeddingsSql(FmaRun *run)
{
	char	   *id = FmaTextSql(run->dataset, FMA_ID);

	return psprintf("SELECT %s %s%s", FmaColumnSql(run->dataset, FMA_EMBEDDING), run->from_current,
					id == NULL ? "" : psprintf(" ORDER BY %s COLLATE \"C\"", id));
}

/* Fits a model and stores it */
static void
Fit(void *argument)
{
	FmaRun	   *run = argument;
	int			k = NumberOfClusters(run->dataset);
	FmaRows    *rows;

	Retire(run->dataset);
	rows = FmaReadSource(run, psprintf("SELECT * FROM %s.fma_kmeans_train(%s, %d, '{\"seed\": %d}') AS model WHERE model IS NOT NULL",
									   FmaSchema(), quote_literal_cstr(EmbeddingsSql(run)), k, SEED));
	FmaStoreAndFreeRows(run, rows, psprintf("INSERT INTO %s.fma_cluster_model (dataset_id, embedding, k, model, fitted_by_run) "
											"SELECT %d, $2, %d, model, $1 FROM fma_rows", FmaSchema(), run->dataset->id, k),
						run->dataset->columns[FMA_EMBEDDING]);
	/* The run's snapshot is to see the model, as the source's rows are put into clusters by it */
	UpdateActiveSnapshotCommandId();
}

/* Whether all rows can be put into clusters; if not, the run goes on without them */
static bool
CanAssign(FmaRun *run)
{
	ErrorData  *error = FmaTryQuery(run, psprintf("SELECT count(%s) %s", FmaRunClusterSql(run, "t"), run->from));

	if (error == NULL)
		return true;
	FmaNote(run, "no clusters, since the model does not fit the embeddings: %s%s%s (fma_refit_clusters has the next run fit another)", error->message,
			error->detail == NULL ? "" : ": ", error->detail == NULL ? "" : error->detail);
	return false;
}

/* A name for the cluster among the features that none of them has */
static char *
ClusterName(const FmaDataset *dataset)
{
	char	   *name = FmaUnusedName(dataset, "cluster");

	return strcmp(name, "cluster") == 0 ? name : FmaUnusedName(dataset, psprintf("cluster of %s", dataset->columns[FMA_EMBEDDING]));
}

/*
 * Finds the model by which rows are in clusters, or fits it.  To be called when
 * the current version is known.  What is wrong with embeddings is noted, and no
 * reason to have no run.
 */
void
FmaPrepareClusters(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;
	int			k = NumberOfClusters(dataset);
	StoredModel model;

	if (k == 0)
		return;
	model = FindModel(run);
	if (model.id == 0 || model.k != k || strcmp(model.embedding, dataset->columns[FMA_EMBEDDING]) != 0)
	{
		ErrorData  *error = FmaTry(Fit, run);

		if (error != NULL)
		{
			FmaNote(run, "no clusters: %s%s%s", error->message, error->detail == NULL ? "" : ": ",
					error->detail == NULL ? "" : error->detail);
			return;
		}
		if (model.id != 0)
			FmaNote(run, "clusters were fitted anew: there were %d, of column \"%s\"", model.k, model.embedding);
		model = FindModel(run);
		if (model.id == 0)
		{
			FmaNote(run, "no clusters: no row of the current version has an embedding");
			return;
		}
	}
	run->cluster_model = model.id;
	run->cluster_name = ClusterName(dataset);
	if (!CanAssign(run))
		run->cluster_model = 0;
	else if (((double) k + 1) * Max(list_length(run->versions), 1) > FMA_MAX_SEGMENTS)
		FmaNote(run, "no summaries by cluster: with the model versions there are more than %d", FMA_MAX_SEGMENTS);
	else
		run->by_cluster = true;
}

const char *
FmaLeaveOutClusters(FmaRun *run)
{
	if (NumberOfClusters(run->dataset) == 0)
		return "the dataset has no clusters";
	return run->cluster_model == 0 ? "there is no model that fits, as stage summaries tells" : NULL;
}

/* Stage: what clusters the current version's rows are in, and which rows are typical of each */
int64
FmaRunClusters(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;
	const char *schema = FmaSchema();
	char	   *id = FmaTextSql(dataset, FMA_ID);
	char	   *query;

	query = psprintf("SELECT q.cluster, avg(q.distance) AS mean_distance, "
					 "string_agg(q.id, ', ' ORDER BY q.rank) FILTER (WHERE q.rank <= %d) AS representatives FROM ("
					 "SELECT s.*, row_number() OVER (PARTITION BY s.cluster ORDER BY s.id IS NULL, s.distance, s.id) AS rank FROM ("
					 "SELECT %s AS cluster, %s.fma_kmeans_distance((SELECT model FROM %s.fma_cluster_model WHERE model_id = %d), %s) AS distance, "
					 "%s COLLATE \"C\" AS id %s OFFSET 0) AS s WHERE s.cluster IS NOT NULL) AS q GROUP BY q.cluster",
					 REPRESENTATIVES, FmaRunClusterSql(run, "t"), schema, schema, run->cluster_model,
					 FmaColumnSql(dataset, FMA_EMBEDDING), id == NULL ? "NULL::text" : id, run->from_current);
	return FmaStoreAndFreeRows(run, FmaReadSource(run, query),
							   psprintf("INSERT INTO %s.fma_result_cluster (run_id, cluster, model_id, mean_distance, representatives) "
										"SELECT $1, cluster, %d, mean_distance, representatives FROM fma_rows", schema, run->cluster_model), NULL);
}

/* fma_refit_clusters(name): the next run of a dataset fits its clusters anew */
Datum
fma_refit_clusters(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset;

	PreventCommandIfReadOnly("fma_refit_clusters()");
	dataset = FmaGetLockedDataset(FmaTextArg(fcinfo, 0));
	if (NumberOfClusters(dataset) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("dataset \"%s\" has no clusters", dataset->name),
				 errhint("fma_alter_dataset can set embedding and clusters.")));
	Retire(dataset);
	PG_RETURN_VOID();
}
