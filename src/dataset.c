/*
 * dataset.c
 *		Registered tables of predictions: found, checked for rights, and put
 *		into SQL.
 *
 * What a registrant wrote is executed as the dataset's owner and as nobody
 * else, whoever calls, in a security-restricted operation.  Our own tables
 * are written as the owner of the extension, by statements of ours alone.
 */
#include "dataset.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "images.h"

PG_FUNCTION_INFO_V1(fma_may_manage);

const char *const FmaRoleNames[FMA_NROLES + 1] = {
	"truth", "prediction", "confidence", "probabilities", "id", "occurred_at", "batch", "embedding",
	"place", "longitude", "latitude", "model_version", "unit", "image", NULL
};

const char *const FmaTaskNames[] = {"classification", "regression", "condition", "segmentation", "detection", NULL};

/* Advisory locks of ours have this as their first key: "fma" and a zero byte */
#define LOCK_CLASS 0x666d6100

/* Nobody but a superuser makes anything here, and nothing temporary comes first */
#define SAFE_PATH "pg_catalog, pg_temp"

#define ADVISORY_TWO_KEYS 2		/* "objsubid" of an advisory lock with two keys */

/* The schema of the extension */
static Oid
SchemaOfExtension(void)
{
	Relation	catalog = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			schema = InvalidOid;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("fma"));
	scan = systable_beginscan(catalog, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	if (!OidIsValid(schema))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"fma\" is not installed in this database")));
	return schema;
}

/* The same, as SQL writes it */
const char *
FmaSchema(void)
{
	return quote_identifier(get_namespace_name(SchemaOfExtension()));
}

/* One of our types */
Oid
FmaTypeOid(const char *name)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name), ObjectIdGetDatum(SchemaOfExtension()));
}

/* The role that owns our tables */
Oid
FmaExtensionOwner(void)
{
	Oid			table = get_relname_relid("fma_dataset", SchemaOfExtension());
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for table fma_dataset");
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

static void
SetLocally(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* The text form of values is always the same, and so is what literals mean */
static void
FixForms(void)
{
	SetLocally("DateStyle", "ISO, YMD");
	SetLocally("IntervalStyle", "postgres");
	SetLocally("extra_float_digits", "1");
	SetLocally("bytea_output", "hex");
	SetLocally("standard_conforming_strings", "on");
	SetLocally("transform_null_equals", "off");
}

/* For writing SQL down: fixes how names and values are written; AtEOXact_GUC(false, result) ends it */
int
FmaFixNames(void)
{
	int			level = NewGUCNestLevel();

	SetLocally("search_path", SAFE_PATH);
	FixForms();
	return level;
}

/* Acts as a role; "restriction" is added to the security context */
static FmaIdentity
ActAs(Oid role, int restriction)
{
	FmaIdentity identity;

	GetUserIdAndSecContext(&identity.user, &identity.context);
	SetUserIdAndSecContext(role, identity.context | restriction);
	identity.guc_level = NewGUCNestLevel();
	SetLocally("search_path", SAFE_PATH);
	return identity;
}

/*
 * The tables belong to the owner of the extension, who can write whatever he
 * likes into them (he must, to restore a dump), such as a dataset of another
 * owner.  So a dataset is no reason to use rights that neither he nor the
 * caller has, and a superuser's are used only where he is a superuser.
 */
static void
CheckTrust(const FmaDataset *dataset)
{
	Oid			caller = GetUserId();
	Oid			extension_owner = FmaExtensionOwner();

	if (has_privs_of_role(extension_owner, dataset->owner) ||
		(!superuser_arg(caller) && has_privs_of_role(caller, dataset->owner)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to read the source of dataset \"%s\" as its owner", dataset->name),
			 errdetail("The dataset belongs to role \"%s\", and the extension to role \"%s\", who lacks these rights and could have changed it.",
					   GetUserNameFromId(dataset->owner, true), GetUserNameFromId(extension_owner, true)),
			 superuser_arg(dataset->owner) ?
			 errhint("Register it as a role that is no superuser, or have a superuser create the extension.") :
			 errhint("Do this as the dataset's owner (SET ROLE), make the extension's owner a member of that role, or have a superuser create the extension.")));
}

/*
 * Acts as the owner of a dataset, to execute what a registrant wrote.  What
 * shapes the text of values is set as well, so that labels, batches and
 * predicates do not depend on who calls.
 */
FmaIdentity
FmaActAsOwner(const FmaDataset *dataset)
{
	FmaIdentity identity;

	if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(dataset->owner)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the owner of dataset \"%s\" no longer exists", dataset->name),
				 errhint("A superuser can give it a new one: fma_alter_dataset(name, '{\"owner\": \"...\"}').")));
	CheckTrust(dataset);
	identity = ActAs(dataset->owner, SECURITY_RESTRICTED_OPERATION);
	SetLocally("TimeZone", dataset->timezone);
	SetLocally("row_security", "on");
	FixForms();
	return identity;
}

/*
 * Acts as the owner of the extension, to execute a statement of ours on our own
 * tables.  The operation is restricted as well: he may have put triggers on them.
 */
FmaIdentity
FmaActAsExtension(void)
{
	return ActAs(FmaExtensionOwner(), SECURITY_RESTRICTED_OPERATION);
}

void
FmaActAgain(FmaIdentity identity)
{
	AtEOXact_GUC(false, identity.guc_level);
	SetUserIdAndSecContext(identity.user, identity.context);
}

/*
 * Executes a statement of ours on our own tables; returns how many rows it
 * touched.  If "returned" is not NULL, it is set to the integer that the
 * statement's RETURNING gave for the first of them.
 */
static uint64
Write(const char *statement, int nargs, Oid *types, Datum *values, const char *nulls, int64 *returned)
{
	FmaIdentity identity = FmaActAsExtension();
	uint64		n;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(statement, nargs, types, values, nulls, false, 0) < 0)
		elog(ERROR, "SPI_execute_with_args failed: %s", statement);
	n = SPI_processed;
	if (returned != NULL && n > 0)
		*returned = pg_strtoint64(SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	SPI_finish();
	FmaActAgain(identity);
	return n;
}

uint64
FmaWrite(const char *statement, int nargs, Oid *types, Datum *values, const char *nulls)
{
	return Write(statement, nargs, types, values, nulls, NULL);
}

/* The same for an INSERT that returns the number of its row; 0 if it made none */
int64
FmaInsert(const char *statement, int nargs, Oid *types, Datum *values, const char *nulls)
{
	int64		number = 0;

	(void) Write(statement, nargs, types, values, nulls, &number);
	return number;
}

/* A setting as text, or NULL */
char *
FmaSettingText(const FmaDataset *dataset, const char *key)
{
	JsonbValue	found;
	JsonbValue *value = getKeyJsonValueFromContainer(&dataset->settings->root, key, strlen(key), &found);

	if (value == NULL || value->type == jbvNull)
		return NULL;
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	return JsonbToCString(NULL, &JsonbValueToJsonb(value)->root, 0);
}

double
FmaSettingNumber(const FmaDataset *dataset, const char *key, double missing)
{
	char	   *text = FmaSettingText(dataset, key);

	return text == NULL ? missing : DatumGetFloat8(DirectFunctionCall1(float8in, CStringGetDatum(text)));
}

/* A setting that is an array of strings, as a List of char * */
static List *
SettingList(const FmaDataset *dataset, const char *key)
{
	JsonbValue	found;
	JsonbValue *value = getKeyJsonValueFromContainer(&dataset->settings->root, key, strlen(key), &found);
	List	   *list = NIL;

	if (value == NULL || value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		return NIL;
	for (uint32 i = 0; i < JsonContainerSize(value->val.binary.data); i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(value->val.binary.data, i);

		if (element->type == jbvString)
			list = lappend(list, pnstrdup(element->val.string.val, element->val.string.len));
	}
	return list;
}

/* Reads the settings of a dataset into its fields */
void
FmaReadSettings(FmaDataset *dataset)
{
	char	   *task = FmaSettingText(dataset, "task");

	for (int role = 0; role < FMA_NROLES; role++)
		dataset->columns[role] = FmaSettingText(dataset, FmaRoleNames[role]);
	dataset->task = task == NULL ? FMA_CLASSIFICATION : FmaChoose("task", task, FmaTaskNames);
	dataset->features = SettingList(dataset, "features");
	dataset->probability_labels = SettingList(dataset, "probability_labels");
	dataset->failed = FmaSettingText(dataset, "failed");
	dataset->filter = FmaSettingText(dataset, "filter");
	dataset->labels = FmaSettingText(dataset, "labels");
	dataset->high_confidence = FmaSettingNumber(dataset, "high_confidence", FMA_HIGH_CONFIDENCE);
	dataset->period = FmaSettingText(dataset, "period");
	if (dataset->period == NULL)
		dataset->period = "auto";
	dataset->timezone = FmaSettingText(dataset, "timezone");
	if (dataset->timezone == NULL)
		dataset->timezone = "UTC";
	dataset->current_version = FmaSettingText(dataset, "current_version");
	FmaReadImageSettings(dataset);
}

/* Whether the current user may see a dataset's results, or its predictions as well */
static bool
MayRead(const FmaDataset *dataset, bool predictions)
{
	Oid			types[] = {INT4OID, OIDOID, OIDOID, BOOLOID};
	Datum		values[] = {Int32GetDatum(dataset->id), ObjectIdGetDatum(dataset->owner), ObjectIdGetDatum(dataset->relation),
	BoolGetDatum(predictions)};
	bool		isnull;
	bool		may;

	if (has_privs_of_role(GetUserId(), dataset->owner))
		return true;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(psprintf("SELECT %s.fma_may_read($1, $2, $3, $4)", FmaSchema()), lengthof(types), types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not ask fma_may_read");
	may = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	return may;
}

/*
 * fma_may_manage(dataset_id) -> whether the current user has the rights of the
 * dataset's owner.  Read as the owner of the table, past its row security.
 */
Datum
fma_may_manage(PG_FUNCTION_ARGS)
{
	char	   *select = psprintf("SELECT owner::pg_catalog.oid FROM %s.fma_dataset WHERE dataset_id OPERATOR(pg_catalog.=) %d",
								  FmaSchema(), PG_GETARG_INT32(0));
	FmaIdentity identity = FmaActAsExtension();
	Oid			owner = InvalidOid;
	bool		isnull;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(select, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read fma_dataset");
	if (SPI_processed > 0)
		owner = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	FmaActAgain(identity);
	PG_RETURN_BOOL(OidIsValid(owner) && has_privs_of_role(GetUserId(), owner));
}

/*
 * The row of fma_dataset of that name, or NULL.  It is read as the owner of the
 * table, so that nothing which he may have hung onto it runs as the caller.
 */
static FmaDataset *
ReadDataset(const char *name)
{
	FmaDataset *dataset = NULL;
	MemoryContext caller = CurrentMemoryContext;
	char	   *select = psprintf("SELECT dataset_id, owner::pg_catalog.oid, relation::pg_catalog.oid, settings FROM %s.fma_dataset "
								  "WHERE name OPERATOR(pg_catalog.=) $1", FmaSchema());
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(name)};
	bool		isnull;
	FmaIdentity identity = FmaActAsExtension();

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(select, 1, types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read fma_dataset");
	if (SPI_processed > 0)
	{
		HeapTuple	row = SPI_tuptable->vals[0];
		TupleDesc	columns = SPI_tuptable->tupdesc;
		MemoryContext spi = MemoryContextSwitchTo(caller);

		dataset = palloc0(sizeof(FmaDataset));
		dataset->name = pstrdup(name);
		dataset->id = DatumGetInt32(SPI_getbinval(row, columns, 1, &isnull));
		dataset->owner = DatumGetObjectId(SPI_getbinval(row, columns, 2, &isnull));
		dataset->relation = DatumGetObjectId(SPI_getbinval(row, columns, 3, &isnull));
		dataset->settings = DatumGetJsonbPCopy(SPI_getbinval(row, columns, 4, &isnull));
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	FmaActAgain(identity);
	return dataset;
}

/* The dataset of that name, or NULL if the current user may not read it */
FmaDataset *
FmaFindDataset(const char *name)
{
	FmaDataset *dataset = ReadDataset(name);

	if (dataset == NULL || !MayRead(dataset, false))
		return NULL;
	FmaReadSettings(dataset);
	return dataset;
}

/* Whether the current user, who may see a dataset's results, may see its predictions too */
bool
FmaMayReadPredictions(const FmaDataset *dataset)
{
	return MayRead(dataset, true);
}

/*
 * The dataset of that name, if the current user may do with it what "access"
 * says.  A dataset that may not be read is not known to exist.
 */
FmaDataset *
FmaGetDataset(const char *name, FmaAccess access)
{
	FmaDataset *dataset = FmaFindDataset(name);

	if (dataset == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("dataset \"%s\" does not exist, or is not yours to read", name),
				 errhint("fma_dataset lists the datasets; fma_register makes one, fma_share lets a role read it.")));
	if (access == FMA_READ_PREDICTIONS && !FmaMayReadPredictions(dataset))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for the predictions of dataset \"%s\"", name),
				 errdetail("Its results were shared with you, but not its predictions."),
				 errhint("Its owner can share both: fma_share(name, role, predictions => true).")));
	if (access == FMA_MANAGE && !has_privs_of_role(GetUserId(), dataset->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for dataset \"%s\"", name),
				 errdetail("It belongs to role \"%s\".", GetUserNameFromId(dataset->owner, true)),
				 errhint("Only the owner, and members of that role, may run or change it.")));
	return dataset;
}

/* The process that holds a dataset's lock, or 0 */
static int
LockHolder(const FmaDataset *dataset)
{
	char	   *select = psprintf("SELECT pid FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted "
								  "AND database = %u AND classid = %u AND objid = %u AND objsubid = %d",
								  MyDatabaseId, LOCK_CLASS, dataset->id, ADVISORY_TWO_KEYS);
	int			pid = 0;
	bool		isnull;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(select, true, 1) == SPI_OK_SELECT && SPI_processed > 0)
		pid = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	return pid;
}

/*
 * Locks a dataset to the end of the transaction, for a run or a change.  It
 * does not wait: whoever comes second is told who holds it.
 */
void
FmaLockDataset(const FmaDataset *dataset)
{
	if (!DatumGetBool(DirectFunctionCall2(pg_try_advisory_xact_lock_int4,
										  Int32GetDatum(LOCK_CLASS), Int32GetDatum(dataset->id))))
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("dataset \"%s\" is being run or changed", dataset->name),
				 errdetail("Process %d holds its lock.", LockHolder(dataset)),
				 errhint("Wait for it to end; pg_stat_activity shows how far a run is.")));
}

/*
 * The dataset of that name, to be run or changed, locked to the end of the
 * transaction, and as it is now that nobody else can change it.
 */
FmaDataset *
FmaGetLockedDataset(const char *name)
{
	int32		locked = 0;
	FmaDataset *dataset = FmaGetDataset(name, FMA_MANAGE);

	while (dataset->id != locked)
	{
		FmaLockDataset(dataset);
		locked = dataset->id;
		PushActiveSnapshot(GetTransactionSnapshot());
		dataset = FmaGetDataset(name, FMA_MANAGE);
		PopActiveSnapshot();
	}
	return dataset;
}

/* t."column" */
char *
FmaColumnSql(const FmaDataset *dataset, FmaRole role)
{
	return dataset->columns[role] == NULL ? NULL : psprintf("t.%s", quote_identifier(dataset->columns[role]));
}

char *
FmaTextSql(const FmaDataset *dataset, FmaRole role)
{
	char	   *column = FmaColumnSql(dataset, role);

	return column == NULL ? NULL : psprintf("%s::text", column);
}

char *
FmaFloat8Sql(const FmaDataset *dataset, FmaRole role)
{
	char	   *column = FmaColumnSql(dataset, role);

	return column == NULL ? NULL : psprintf("%s::double precision", column);
}

/* A double precision of the source's: what is no finite number is NULL */
char *
FmaFiniteSql(const char *number)
{
	return number == NULL ? NULL :
		psprintf("CASE WHEN abs(%s) < 'Infinity'::double precision THEN %s END", number, number);
}

/* A label as it is shown: mapped where the dataset has a mapping */
char *
FmaLabelSql(const FmaDataset *dataset, FmaRole role)
{
	char	   *text = FmaTextSql(dataset, role);

	FmaAssert(!FmaRowsAreImages(dataset));
	if (text == NULL || dataset->labels == NULL)
		return text;
	return psprintf("coalesce(%s::jsonb ->> %s, %s)", quote_literal_cstr(dataset->labels), text, text);
}

/* The same for one label that is known */
char *
FmaShownLabel(const FmaDataset *dataset, const char *label)
{
	JsonbValue	found;
	JsonbValue *map = getKeyJsonValueFromContainer(&dataset->settings->root, "labels", strlen("labels"), &found);
	JsonbValue	shown;

	if (map == NULL || map->type != jbvBinary || !JsonContainerIsObject(map->val.binary.data) ||
		getKeyJsonValueFromContainer(map->val.binary.data, label, strlen(label), &shown) == NULL)
		return pstrdup(label);
	return shown.type == jbvString ? pnstrdup(shown.val.string.val, shown.val.string.len) :
		JsonbToCString(NULL, &JsonbValueToJsonb(&shown)->root, 0);
}

char *
FmaTimeSql(const FmaDataset *dataset)
{
	char	   *column = FmaColumnSql(dataset, FMA_OCCURRED_AT);

	return column == NULL ? NULL : psprintf("%s::timestamptz", column);
}

/* Labels are equal when their bytes are, whatever collation the columns have */
static char *
ComparedLabels(const FmaDataset *dataset, const char *comparison)
{
	return psprintf("(%s COLLATE \"C\" %s %s COLLATE \"C\")", FmaLabelSql(dataset, FMA_TRUTH), comparison,
					FmaLabelSql(dataset, FMA_PREDICTION));
}

/* What a failure is: the registrant's condition, a wrong label, or an image that is not good enough */
char *
FmaFailedSql(const FmaDataset *dataset)
{
	if (dataset->failed != NULL)
		return psprintf("(%s)", dataset->failed);
	if (FmaRowsAreImages(dataset))
		return FmaImageFailedSql(dataset);
	return dataset->task == FMA_CLASSIFICATION ? ComparedLabels(dataset, "<>") : NULL;
}

/* What a confidence speaks about: the label, where there is one; an image has many */
char *
FmaCorrectSql(const FmaDataset *dataset)
{
	if (dataset->task == FMA_CLASSIFICATION)
		return ComparedLabels(dataset, "=");
	return dataset->failed == NULL || FmaRowsAreImages(dataset) ? NULL : psprintf("(NOT (%s))", dataset->failed);
}

char *
FmaLossSql(const FmaDataset *dataset)
{
	if (dataset->task == FMA_REGRESSION && dataset->failed == NULL)
		return psprintf("abs(%s - %s)", FmaFloat8Sql(dataset, FMA_PREDICTION), FmaFloat8Sql(dataset, FMA_TRUTH));
	return FmaFailedSql(dataset);
}

/* "FROM source AS t WHERE ..." */
char *
FmaFromSql(const FmaDataset *dataset, const char *since, const char *until)
{
	StringInfoData sql;
	char	   *relation = get_rel_name(dataset->relation);
	const char *and = " WHERE ";

	if (relation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the source of dataset \"%s\" no longer exists", dataset->name),
				 errhint("Give it a new one: fma_alter_dataset(name, '{\"relation\": \"...\"}').")));
	initStringInfo(&sql);
	appendStringInfo(&sql, "FROM %s AS t",
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(dataset->relation)), relation));
	if (dataset->filter != NULL)
	{
		appendStringInfo(&sql, "%s(%s)", and, dataset->filter);
		and = " AND ";
	}
	if (since != NULL)
	{
		appendStringInfo(&sql, "%s%s >= %s::timestamptz", and, FmaColumnSql(dataset, FMA_OCCURRED_AT), quote_literal_cstr(since));
		and = " AND ";
	}
	if (until != NULL)
		appendStringInfo(&sql, "%s%s < %s::timestamptz", and, FmaColumnSql(dataset, FMA_OCCURRED_AT), quote_literal_cstr(until));
	return sql.data;
}
