/*
 * schedule.c
 *		Runs and reports by pg_cron, where it is installed.
 *
 * pg_cron is called by its own functions, as the caller, who so becomes the
 * owner of the job: it runs with their rights, and fma_run checks them again.
 */
#include "schedule.h"

#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(fma_schedule);
PG_FUNCTION_INFO_V1(fma_unschedule);

/* What a job does */
typedef enum Action
{
	ACTION_RUN, ACTION_REPORT
} Action;

static const char *const action_names[] = {"run", "report", NULL};

/* Reports that a job keeps: three months of nights */
#define KEPT_REPORTS 100

/* Jobs are named after their dataset */
#define JOB_PREFIX "fma: "

/* pg_cron's schema and its setting of the database that it lives in are fixed */
#define CRON_SCHEMA "cron"
#define CRON_DATABASE_SETTING "cron.database_name"

static char *
JobName(const char *dataset)
{
	return psprintf(JOB_PREFIX "%s", dataset);
}

/* What a job executes: it has no search_path to rely on */
static char *
JobCommand(const char *dataset, Action action)
{
	char	   *name = quote_literal_cstr(dataset);
	char	   *run = psprintf("%s.fma_run(%s)", FmaSchema(), name);

	if (action == ACTION_REPORT)
		return psprintf("SELECT %s.fma_save_report(%s, %s, keep => %d)", FmaSchema(), name, run, KEPT_REPORTS);
	return psprintf("SELECT %s", run);
}

/* The statement to be executed where pg_cron lives in another database */
static char *
StatementElsewhere(const char *dataset, const char *cron, Action action)
{
	char	   *database = get_database_name(MyDatabaseId);

	if (cron == NULL)
		return psprintf("SELECT cron.unschedule(%s)", quote_literal_cstr(JobName(dataset)));
	return psprintf("SELECT cron.schedule_in_database(%s, %s, %s, %s)", quote_literal_cstr(JobName(dataset)),
					quote_literal_cstr(cron), quote_literal_cstr(JobCommand(dataset, action)), quote_literal_cstr(database));
}

/* Whether the caller may use pg_cron's schema */
static bool
MayUseCron(void)
{
	Oid			schema = get_namespace_oid(CRON_SCHEMA, true);

	return OidIsValid(schema) &&
		DatumGetBool(DirectFunctionCall2(has_schema_privilege_id, ObjectIdGetDatum(schema), CStringGetTextDatum("USAGE")));
}

/* Checks that pg_cron is in this database and the caller may use it; errors say what to do */
static void
CheckCron(const char *dataset, const char *cron, Action action)
{
	const char *home = GetConfigOption(CRON_DATABASE_SETTING, true, false);

	if (!OidIsValid(get_extension_oid("pg_cron", true)))
	{
		if (home == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("extension \"pg_cron\" is not installed"),
					 errhint("Install its package, add pg_cron to shared_preload_libraries, restart the server and CREATE EXTENSION pg_cron.")));
		if (strcmp(home, get_database_name(MyDatabaseId)) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("extension \"pg_cron\" is not installed in this database"),
					 errhint("CREATE EXTENSION pg_cron.")));
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("pg_cron lives in database \"%s\"", home),
				 errhint("Execute there: %s;", StatementElsewhere(dataset, cron, action))));
	}
	if (!MayUseCron())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for schema " CRON_SCHEMA),
				 errhint("GRANT USAGE ON SCHEMA " CRON_SCHEMA " TO %s.",
						 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

/* A job logs in as the role that scheduled it */
static void
CheckLogin(void)
{
	HeapTuple	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(GetUserId()));
	bool		can_login = HeapTupleIsValid(tuple) && ((Form_pg_authid) GETSTRUCT(tuple))->rolcanlogin;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	if (!can_login)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("role \"%s\" cannot log in, so its jobs would not run", GetUserNameFromId(GetUserId(), false)),
				 errhint("Schedule as a role with LOGIN that is a member of the dataset's owner.")));
}

/* Executes a statement that returns a number or nothing at all */
static int64
CallCron(const char *statement, bool *found)
{
	bool		isnull = true;
	Datum		value = (Datum) 0;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(statement, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not execute: %s", statement);
	if (SPI_processed > 0)
		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	SPI_finish();
	*found = !isnull;
	return isnull ? 0 : DatumGetInt64(value);
}

/* Makes a job of a dataset, or changes the one there is; returns its number */
static int64
Schedule(const char *dataset, const char *cron, Action action)
{
	bool		found;

	/* quoted literals fit whatever pg_cron's release calls text */
	return CallCron(psprintf("SELECT cron.schedule(%s, %s, %s)::pg_catalog.int8", quote_literal_cstr(JobName(dataset)),
							 quote_literal_cstr(cron), quote_literal_cstr(JobCommand(dataset, action))), &found);
}

/* Which of cron.job are the caller's of that name */
static char *
JobsSql(const char *dataset)
{
	return psprintf("FROM cron.job WHERE jobname::pg_catalog.text OPERATOR(pg_catalog.=) %s "
					"AND username::pg_catalog.text OPERATOR(pg_catalog.=) %s::pg_catalog.text",
					quote_literal_cstr(JobName(dataset)), quote_literal_cstr(GetUserNameFromId(GetUserId(), false)));
}

/* Ends the caller's job of a dataset; whether there was one */
static bool
Unschedule(const char *dataset)
{
	bool		found;

	(void) CallCron(psprintf("SELECT cron.unschedule(jobid)::pg_catalog.int4::pg_catalog.int8 %s", JobsSql(dataset)), &found);
	return found;
}

/* The schedule of the caller's active job of a dataset, if it does what such a job does; else NULL */
static char *
ScheduleOf(const char *dataset, Action action)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *cron = NULL;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(psprintf("SELECT schedule %s AND active AND command::pg_catalog.text OPERATOR(pg_catalog.=) %s", JobsSql(dataset),
							 quote_literal_cstr(JobCommand(dataset, action))), false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read cron.job");
	if (SPI_processed > 0)
		cron = MemoryContextStrdup(caller, SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	SPI_finish();
	return cron;
}

/*
 * A dataset gets another name: so does the caller's job, which would run one
 * that does not exist.  pg_cron has no way to rename, so it is made again.
 */
void
FmaRenameJob(const char *from, const char *to)
{
	if (!OidIsValid(get_extension_oid("pg_cron", true)) || !MayUseCron())
		return;
	for (Action action = ACTION_RUN; action <= ACTION_REPORT; action++)
	{
		char	   *cron = ScheduleOf(from, action);

		if (cron == NULL)
			continue;
		(void) Unschedule(from);
		(void) Schedule(to, cron, action);
		return;
	}
}

/*
 * fma_schedule(name, cron, action) -> the number of pg_cron's job, which runs
 * the dataset, and saves a report if that is the action.  Another call changes
 * the schedule.
 */
Datum
fma_schedule(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset = FmaGetDataset(FmaTextArg(fcinfo, 0), FMA_MANAGE);
	char	   *cron = FmaTextArg(fcinfo, 1);
	Action		action = FmaChoose("action", FmaTextArg(fcinfo, 2), action_names);

	CheckCron(dataset->name, cron, action);
	CheckLogin();
	PG_RETURN_INT64(Schedule(dataset->name, cron, action));
}

/*
 * fma_unschedule(name) -> whether the caller had scheduled runs of it.  The
 * dataset need not exist any more.
 */
Datum
fma_unschedule(PG_FUNCTION_ARGS)
{
	char	   *name = FmaTextArg(fcinfo, 0);

	CheckCron(name, NULL, ACTION_RUN);
	PG_RETURN_BOOL(Unschedule(name));
}
