/*
 * page_table.c
 *		Tables of a report's page.
 */
#include "page.h"

#include "miscadmin.h"

#include "charts.h"

/* A column that is shown */
typedef struct Shown
{
	const FmaPageColumn *column;
	bool		is_number;
} Shown;

/* The key of a row's rate in views that have both */
const char *
FmaRateKey(FmaPage *page)
{
	return page->is_loss ? "mean_loss" : "failure_rate";
}

/* How rates are written */
char	   *(*
			FmaRateFormat(FmaPage *page)) (double value)
{
	return page->is_loss ? FmaNumberText : FmaPercentText;
}

/* Appends a rate with its title */
void
FmaPutRate(FmaPage *page, double rate)
{
	FmaPutExactWord(page->out, rate, FmaRateFormat(page));
}

/* The largest number under a key in a list of objects, and at least "least" */
double
FmaListMax(FmaNode *list, const char *key, double least)
{
	double		max = least;

	for (int i = 0; i < FmaListLength(list); i++)
	{
		double		value = FmaNodeNumber(FmaListObject(list, i), key);

		if (!isnan(value) && !(value <= max))
			max = value;
	}
	return max;
}

/* SQL that a click unfolds */
void
FmaPutSql(FmaPage *page, const char *summary, const char *sql)
{
	if (sql == NULL || *sql == '\0')
		return;
	appendStringInfo(page->out, "<details class=\"sql\"><summary>%s</summary><pre tabindex=\"0\"><code>", summary);
	FmaPutCut(page->out, sql, FMA_SQL_LENGTH);
	FmaPut(page->out, "</code></pre></details>\n");
}

/* Whether a row has something to show in a column */
static bool
HasCell(FmaPage *page, const FmaPageColumn *column, FmaNode *row)
{
	switch (column->kind)
	{
		case FMA_CELL_TEXT:
		case FMA_CELL_TIME:
			return FmaNodeText(row, column->key) != NULL;
		case FMA_CELL_OWN:
			return column->key == NULL || FmaNodeText(row, column->key) != NULL;
		case FMA_CELL_RANGE:
		case FMA_CELL_DIFFERENCE_RANGE:
		case FMA_CELL_NUMBER_RANGE:
			return !isnan(FmaNodeNumber(row, column->key)) && !isnan(FmaNodeNumber(row, column->other));
		default:
			return !isnan(FmaNodeNumber(row, column->key));
	}
}

/* How many rows there may be to show */
static int
CountRows(const FmaPageTable *table, FmaNode *list)
{
	return Min(table->order == NULL ? FmaListLength(list) : table->n_order, FMA_MAX_TABLE_ROWS);
}

/* A row that is to be shown, or NULL */
static FmaNode *
TableRow(FmaPage *page, const FmaPageTable *table, FmaNode *list, int i)
{
	FmaNode    *row = FmaListObject(list, table->order == NULL ? i : table->order[i]);

	return row == NULL || (table->is_wanted != NULL && !table->is_wanted(page, row)) ? NULL : row;
}

/* Whether any row has */
static bool
HasColumn(FmaPage *page, const FmaPageTable *table, const FmaPageColumn *column, FmaNode *list)
{
	int			n_rows = CountRows(table, list);

	for (int i = 0; i < n_rows; i++)
	{
		FmaNode    *row = TableRow(page, table, list, i);

		if (row != NULL && HasCell(page, column, row))
			return true;
	}
	return false;
}

static bool
IsNumberKind(FmaCellKind kind)
{
	return kind != FMA_CELL_TEXT && kind != FMA_CELL_OWN && kind != FMA_CELL_TIME && kind != FMA_CELL_BAR;
}

static bool
IsRange(FmaCellKind kind)
{
	return kind == FMA_CELL_RANGE || kind == FMA_CELL_DIFFERENCE_RANGE || kind == FMA_CELL_NUMBER_RANGE;
}

/* A difference of two mean losses */
static char *
SignedText(double value)
{
	return psprintf("%s%s", value > 0 ? "+" : "", FmaNumberText(value));
}

/* A number as its column writes it */
static char *
NumberText(FmaPage *page, FmaCellKind kind, double value)
{
	switch (kind)
	{
		case FMA_CELL_COUNT:
			return FmaCountText(value);
		case FMA_CELL_SHARE:
			return FmaPercentText(value);
		case FMA_CELL_RATE:
			return FmaRateFormat(page) (value);
		case FMA_CELL_DIFFERENCE:
			return page->is_loss ? SignedText(value) : FmaPointsText(value);
		case FMA_CELL_LIFT:
			return fabs(value) < 100 ? psprintf("%.2f", value) : FmaNumberText(value);
		case FMA_CELL_P:
			return FmaPText(value);
		default:
			return FmaNumberText(value);
	}
}

/* A time, with all of it in the title */
static void
PutTime(FmaPage *page, FmaNode *row, const char *key)
{
	char	   *text = FmaNodeText(row, key);
	TimestampTz time;

	if (!FmaNodeTime(row, key, &time))
	{
		FmaPutData(page->out, text, FMA_SHOWN_LENGTH);
		return;
	}
	FmaPut(page->out, "<span class=\"time\" title=\"");
	FmaPutText(page->out, text);
	FmaPut(page->out, "\">");
	FmaPutText(page->out, FmaTimeText(time, page->zone));
	FmaPut(page->out, "</span>");
}

/* The ends of an interval; the title of the cell has both exactly */
static void
PutRange(FmaPage *page, const FmaPageColumn *column, FmaNode *row)
{
	double		low = FmaNodeNumber(row, column->key);
	double		high = FmaNodeNumber(row, column->other);

	if (column->kind == FMA_CELL_RANGE)
		FmaPutInterval(page->out, low, high, FmaRateFormat(page));
	else if (column->kind == FMA_CELL_NUMBER_RANGE)
		FmaPutInterval(page->out, low, high, FmaNumberText);
	else
		FmaPutInterval(page->out, low, high, page->is_loss ? FmaNumberText : FmaPlainPointsText);
}

/* Appends the bar of a row's rate */
void
FmaPutBarOf(FmaPage *page, FmaNode *row, const char *key)
{
	FmaBar		bar = {
		.value = FmaNodeNumber(row, key),
		.low = FmaNodeNumber(row, "ci_low"),
		.high = FmaNodeNumber(row, "ci_high"),
		.baseline = page->baseline,
		.max = page->bar_max
	};

	FmaPutBar(page->out, &bar);
}

/* What stands in a cell */
static void
PutContent(FmaPage *page, const FmaPageColumn *column, FmaNode *row)
{
	if (!HasCell(page, column, row))
	{
		FmaPut(page->out, "&ndash;");
		return;
	}
	switch (column->kind)
	{
		case FMA_CELL_TEXT:
			FmaPutData(page->out, FmaNodeText(row, column->key), FMA_SHOWN_LENGTH);
			break;
		case FMA_CELL_TIME:
			PutTime(page, row, column->key);
			break;
		case FMA_CELL_RANGE:
		case FMA_CELL_DIFFERENCE_RANGE:
		case FMA_CELL_NUMBER_RANGE:
			PutRange(page, column, row);
			break;
		case FMA_CELL_BAR:
			FmaPutBarOf(page, row, column->key);
			break;
		case FMA_CELL_OWN:
		case FMA_CELL_OWN_NUMBER:
			column->put(page, row);
			break;
		default:
			FmaPutFigure(page->out, NumberText(page, column->kind, FmaNodeNumber(row, column->key)));
			if (column->kind == FMA_CELL_LIFT)
				FmaPut(page->out, " &times;");
			break;
	}
}

/* The attributes of a cell: its kind, and the number exactly */
static void
PutCellAttributes(FmaPage *page, const Shown *shown, bool is_first, FmaNode *row)
{
	const FmaPageColumn *column = shown->column;
	double		value = FmaNodeNumber(row, column->key == NULL ? "" : column->key);

	if (!shown->is_number)
	{
		if (!is_first)
			FmaPut(page->out, " class=\"t\"");
	}
	else if (IsRange(column->kind) && HasCell(page, column, row))
		appendStringInfo(page->out, " title=\"%.6g to %.6g\"", value, FmaNodeNumber(row, column->other));
	else if (column->kind == FMA_CELL_COUNT && fabs(value) < FMA_EXACT_COUNT && value == floor(value))
		;						/* it stands there */
	else if (!IsRange(column->kind) && column->kind != FMA_CELL_OWN_NUMBER)
		FmaPutTitle(page->out, value, NumberText(page, column->kind, value));
}

static void
PutRow(FmaPage *page, const FmaPageTable *table, const Shown *shown, int n_shown, FmaNode *row)
{
	FmaPut(page->out, "<tr");
	if (table->row_attributes != NULL)
		table->row_attributes(page, row);
	FmaPut(page->out, ">");
	for (int i = 0; i < n_shown; i++)
	{
		appendStringInfoString(page->out, i == 0 ? "<th scope=\"row\"" : "<td");
		PutCellAttributes(page, &shown[i], i == 0, row);
		FmaPut(page->out, ">");
		PutContent(page, shown[i].column, row);
		appendStringInfoString(page->out, i == 0 ? "</th>" : "</td>");
	}
	FmaPut(page->out, "</tr>\n");
	if (table->after_row != NULL)
		table->after_row(page, row, n_shown);
}

static void
PutHead(FmaPage *page, const FmaPageTable *table, const Shown *shown, int n_shown)
{
	appendStringInfo(page->out, "<section class=\"scroll\" tabindex=\"0\" aria-label=\"Table: %s\"><table%s><caption>%s</caption>\n<thead><tr>",
					 table->caption, table->is_titled ? " class=\"titled\"" : "", table->caption);
	for (int i = 0; i < n_shown; i++)
		appendStringInfo(page->out, "<th scope=\"col\"%s>%s</th>", shown[i].is_number ? "" : " class=\"t\"", shown[i].column->head);
	FmaPut(page->out, "</tr></thead>\n<tbody>\n");
}

/* Appends a table of a list's objects, in a region of its own that scrolls where it is too wide */
void
FmaPutTable(FmaPage *page, const FmaPageTable *table, FmaNode *list)
{
	int			length = FmaListLength(list);
	int			n_rows = CountRows(table, list);
	int			n_put = 0;
	int			n_shown = 0;
	Shown	   *shown = palloc_array(Shown, table->n_columns);

	for (int i = 0; i < table->n_columns; i++)
		if (i == 0 || HasColumn(page, table, &table->columns[i], list))
			shown[n_shown++] = (Shown) {&table->columns[i], i > 0 && IsNumberKind(table->columns[i].kind)};
	PutHead(page, table, shown, n_shown);
	for (int i = 0; i < n_rows && (table->max_rows == 0 || n_put < table->max_rows); i++)
	{
		FmaNode    *row = TableRow(page, table, list, i);

		CHECK_FOR_INTERRUPTS();
		if (row == NULL)
			continue;
		PutRow(page, table, shown, n_shown, row);
		n_put++;
	}
	FmaPut(page->out, "</tbody></table></section>\n");
	if (length > n_put && table->more != NULL)
	{
		appendStringInfo(page->out, "<p class=\"more\">The first %d of ", n_put);
		FmaPutFigure(page->out, FmaCountText(length));
		appendStringInfo(page->out, "; all are in <code>%s</code>.</p>\n", table->more);
	}
}
