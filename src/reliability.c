/*
 * reliability.c
 *		The type fma_reliability, its text and binary forms, and the transition
 *		functions that fill it.
 *
 * A value is the state of its aggregate: flat, changed in place while
 * aggregating, and merged by addition.  Every sum is an integer, so that one
 * process, parallel workers, windows and rollups arrive at the same bytes.
 */
#include "reliability.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* Probabilities are clipped for the log loss as scikit-learn does: a double's epsilon */
#define LOG_LOSS_CLIP 2.220446049250313e-16

/* Bits of a double */
#define MANTISSA_BITS 52
#define SQRT_HALF_BITS INT64CONST(0x3fe6a09e667f3bcd)

PG_FUNCTION_INFO_V1(fma_reliability_in);
PG_FUNCTION_INFO_V1(fma_reliability_out);
PG_FUNCTION_INFO_V1(fma_reliability_recv);
PG_FUNCTION_INFO_V1(fma_reliability_send);
PG_FUNCTION_INFO_V1(fma_reliability_eq);
PG_FUNCTION_INFO_V1(fma_reliability_ne);
PG_FUNCTION_INFO_V1(fma_reliability_hash);
PG_FUNCTION_INFO_V1(fma_reliability_combine);
PG_FUNCTION_INFO_V1(fma_coarsen);
PG_FUNCTION_INFO_V1(fma_reliability_add);
PG_FUNCTION_INFO_V1(fma_reliability_add_bins);
PG_FUNCTION_INFO_V1(fma_ece_add);
PG_FUNCTION_INFO_V1(fma_ece_add_bins);

/* What a bin holds, in the order in which it is written; the last two in full values alone */
typedef struct BinField
{
	const char *key;
	Size		offset;
	bool		wide;			/* int128, not int64 */
} BinField;

static const BinField bin_fields[] = {
	{"n", offsetof(FmaFullBin, gap.n), false},
	{"correct", offsetof(FmaFullBin, gap.correct), false},
	{"confidence", offsetof(FmaFullBin, gap.confidence), true},
	{"confidence_squared", offsetof(FmaFullBin, squared), true},
	{"confidence_when_correct", offsetof(FmaFullBin, when_correct), true},
};

#define GAP_FIELDS 3

static int
FieldCount(int kind)
{
	return kind == FMA_RELIABILITY_FULL ? lengthof(bin_fields) : GAP_FIELDS;
}

/* Where a field of bin i lies */
static void *
FieldOf(const FmaReliability *r, const BinField *field, int i)
{
	return (char *) FmaGetBin(r, i) + field->offset;
}

/* A new value with every sum at zero */
static FmaReliability *
NewReliability(int kind, int bins, int classes)
{
	Size		size = sizeof(FmaReliability) + (Size) bins * classes * FmaBinSize(kind);
	FmaReliability *r = palloc0(size);

	SET_VARSIZE(r, size);
	r->version = FMA_RELIABILITY_VERSION;
	r->kind = kind;
	r->bins = bins;
	r->classes = classes;
	return r;
}

/*
 * What is impossible in bin i of a value, or NULL.  Fixed point rounds down,
 * and so keeps order: sums lie between n times the edges.
 */
static const char *
BinProblem(const FmaReliability *r, int i)
{
	const FmaBin *bin = FmaGetBin(r, i);
	int128		low = FmaToFixed((double) (i % r->bins) / r->bins);
	int128		high = FmaToFixed((double) (i % r->bins + 1) / r->bins);
	int64		wrong = bin->n - bin->correct;

	if (bin->n < 0 || bin->correct < 0 || wrong < 0)
		return "has a bin with more correct rows than rows";
	if (bin->confidence < low * bin->n || bin->confidence > high * bin->n)
		return "has a bin whose sum of confidences does not fit its edges";
	if (r->kind == FMA_RELIABILITY_FULL)
	{
		const FmaFullBin *full = FmaGetFullBin(r, i);
		int128		when_wrong = bin->confidence - full->when_correct;

		if (full->when_correct < low * bin->correct || full->when_correct > high * bin->correct ||
			when_wrong < low * wrong || when_wrong > high * wrong)
			return "has a bin whose sum of confidences when correct does not fit its edges";
		if (full->squared < ((low * low) >> FMA_FIXED_BITS) * bin->n ||
			full->squared > ((high * high) >> FMA_FIXED_BITS) * bin->n)
			return "has a bin whose sum of squared confidences does not fit its edges";
	}
	return NULL;
}

/* What is impossible in a value, or NULL; its rows are counted into *total */
static const char *
ReliabilityProblem(const FmaReliability *r, int64 *total)
{
	int128		n = 0;

	for (int class = 0; class < r->classes; class++)
	{
		int128		rows = 0;

		for (int i = class * r->bins; i < (class + 1) * r->bins; i++)
		{
			const char *problem = BinProblem(r, i);

			if (problem != NULL)
				return problem;
			rows += FmaGetBin(r, i)->n;
		}
		if (class > 0 && rows != n)
			return "has classes with different numbers of rows";
		n = rows;
	}
	if (n > PG_INT64_MAX)
		return "has too many rows";
	if (r->log_loss < 0 || r->log_loss > n * (int128) FMA_FIXED_ONE)
		return "has an impossible log loss";
	*total = (int64) n;
	return NULL;
}

/*
 * Nothing has one form: what was read as bins without any row becomes the
 * empty value.
 */
static FmaReliability *
Canonical(FmaReliability *r, int64 total)
{
	return total > 0 ? r : NewReliability(FMA_RELIABILITY_EMPTY, 0, 0);
}

/* Reads one field of all bins from its JSON array */
static void
ReadField(FmaJson *json, const BinField *field, FmaReliability *r)
{
	JsonbValue *elements;
	int			count;

	FmaJsonArray(json, field->key, &elements, &count);
	if (count != FmaCells(r))
		FmaJsonBad(json, field->key,
				   psprintf("must have %d elements, one for each bin, and has %d", FmaCells(r), count));
	for (int i = 0; i < count; i++)
	{
		void	   *place = FieldOf(r, field, i);

		CHECK_FOR_INTERRUPTS();
		if (field->wide)
			*(int128 *) place = FmaJsonElementInt128(json, field->key, &elements[i]);
		else
			*(int64 *) place = FmaJsonElementInt64(json, field->key, &elements[i], 0, PG_INT64_MAX);
	}
	pfree(elements);
}

/*
 * Text to fma_reliability: a JSON object, {} when there are no rows.  "bins",
 * and an array with one integer for each bin for every field of bin_fields;
 * a value without "log_loss" carries only what the calibration errors need.
 */
Datum
fma_reliability_in(PG_FUNCTION_ARGS)
{
	FmaJson		json = FmaJsonOpen(FMA_RELIABILITY_TYPE, PG_GETARG_CSTRING(0));
	FmaReliability *r;
	const char *problem;
	int64		total;
	int			kind = FMA_RELIABILITY_GAPS;
	int			classes = 1;
	int			bins;

	if (JB_ROOT_COUNT(json.object) == 0)
		PG_RETURN_POINTER(NewReliability(FMA_RELIABILITY_EMPTY, 0, 0));

	bins = FmaJsonInt64(&json, "bins", 1, FMA_MAX_BINS);
	if (FmaJsonHas(&json, "log_loss"))
		kind = FMA_RELIABILITY_FULL;
	else if (FmaJsonHas(&json, "classes"))
		classes = FmaJsonInt64(&json, "classes", 2, FMA_MAX_CLASS_BINS / bins);
	r = NewReliability(kind, bins, classes);
	if (classes > 1)
		r->labels = FmaJsonInt64(&json, "labels_hash", 0, PG_UINT32_MAX);
	for (int f = 0; f < FieldCount(kind); f++)
		ReadField(&json, &bin_fields[f], r);
	if (kind == FMA_RELIABILITY_FULL)
		r->log_loss = FmaJsonInt128(&json, "log_loss");
	problem = ReliabilityProblem(r, &total);
	if (problem != NULL)
		FmaJsonBad(&json, "n", problem);
	PG_RETURN_POINTER(Canonical(r, total));
}

/* fma_reliability to text */
Datum
fma_reliability_out(PG_FUNCTION_ARGS)
{
	FmaReliability *r = PG_GETARG_RELIABILITY(0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	if (r->kind != FMA_RELIABILITY_EMPTY)
	{
		appendStringInfo(&out, "\"bins\": %d", r->bins);
		if (r->classes > 1)
			appendStringInfo(&out, ", \"classes\": %d, \"labels_hash\": %u", r->classes, r->labels);
		for (int f = 0; f < FieldCount(r->kind); f++)
		{
			const BinField *field = &bin_fields[f];

			appendStringInfo(&out, ", \"%s\": [", field->key);
			for (int i = 0; i < FmaCells(r); i++)
			{
				void	   *place = FieldOf(r, field, i);

				CHECK_FOR_INTERRUPTS();
				if (i > 0)
					appendStringInfoString(&out, ", ");
				FmaAppendInt128(&out, field->wide ? *(int128 *) place : *(int64 *) place);
			}
			appendStringInfoChar(&out, ']');
		}
		if (r->kind == FMA_RELIABILITY_FULL)
		{
			appendStringInfoString(&out, ", \"log_loss\": ");
			FmaAppendInt128(&out, r->log_loss);
		}
	}
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/*
 * Binary form to fma_reliability: version, kind (one byte each); unless empty
 * bins and classes (int64), where there are classes the hash of their labels
 * (int64), the fields in the order of bin_fields, and the log loss of a full
 * value.
 */
Datum
fma_reliability_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	const char *type = FMA_RELIABILITY_TYPE;
	FmaReliability *r;
	const char *problem;
	int64		total;
	int			kind;
	int			bins;
	int			classes;

	FmaRecvVersion(message, type, FMA_RELIABILITY_VERSION);
	kind = pq_getmsgbyte(message);
	if (kind > FMA_RELIABILITY_FULL)
		FmaRecvBad(type, psprintf("Its kind is %d, which is not between 0 and %d", kind, FMA_RELIABILITY_FULL));
	if (kind == FMA_RELIABILITY_EMPTY)
	{
		FmaRecvEnd(message, type);
		PG_RETURN_POINTER(NewReliability(FMA_RELIABILITY_EMPTY, 0, 0));
	}
	bins = FmaRecvInt64(message, type, "The number of bins", 1, FMA_MAX_BINS);
	classes = FmaRecvInt64(message, type, "The number of classes", 1,
						   kind == FMA_RELIABILITY_FULL ? 1 : FMA_MAX_CLASS_BINS / bins);
	r = NewReliability(kind, bins, classes);
	if (classes > 1)
		r->labels = FmaRecvInt64(message, type, "The hash of labels", 0, PG_UINT32_MAX);
	for (int f = 0; f < FieldCount(kind); f++)
		for (int i = 0; i < FmaCells(r); i++)
		{
			void	   *place = FieldOf(r, &bin_fields[f], i);

			if (bin_fields[f].wide)
				*(int128 *) place = FmaRecvInt128(message);
			else
				*(int64 *) place = FmaRecvInt64(message, type, "A count", 0, PG_INT64_MAX);
		}
	if (kind == FMA_RELIABILITY_FULL)
		r->log_loss = FmaRecvInt128(message);
	FmaRecvEnd(message, type);
	problem = ReliabilityProblem(r, &total);
	if (problem != NULL)
		FmaRecvBad(type, psprintf("It %s", problem));
	PG_RETURN_POINTER(Canonical(r, total));
}

/* fma_reliability to its binary form */
Datum
fma_reliability_send(PG_FUNCTION_ARGS)
{
	FmaReliability *r = PG_GETARG_RELIABILITY(0);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbyte(&message, r->version);
	pq_sendbyte(&message, r->kind);
	if (r->kind != FMA_RELIABILITY_EMPTY)
	{
		pq_sendint64(&message, r->bins);
		pq_sendint64(&message, r->classes);
		if (r->classes > 1)
			pq_sendint64(&message, r->labels);
		for (int f = 0; f < FieldCount(r->kind); f++)
			for (int i = 0; i < FmaCells(r); i++)
			{
				void	   *place = FieldOf(r, &bin_fields[f], i);

				if (bin_fields[f].wide)
					FmaSendInt128(&message, *(int128 *) place);
				else
					pq_sendint64(&message, *(int64 *) place);
			}
		if (r->kind == FMA_RELIABILITY_FULL)
			FmaSendInt128(&message, r->log_loss);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* Whether two values have equal counts and sums */
Datum
fma_reliability_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(FmaSameBytes(PG_GETARG_RELIABILITY(0), PG_GETARG_RELIABILITY(1)));
}

Datum
fma_reliability_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!FmaSameBytes(PG_GETARG_RELIABILITY(0), PG_GETARG_RELIABILITY(1)));
}

Datum
fma_reliability_hash(PG_FUNCTION_ARGS)
{
	return FmaHashBytes(PG_GETARG_RELIABILITY(0));
}

/* Argument 0 as a state that may be changed */
FmaReliability *
FmaReliabilityState(FunctionCallInfo fcinfo)
{
	return FmaValueToChange(fcinfo, FMA_RELIABILITY_TYPE, FMA_RELIABILITY_VERSION);
}

/*
 * Argument 0 of a function that reads at least what "kind" carries.  Users
 * have values that carry everything; less is met only when one of the direct
 * aggregates is taken apart.
 */
FmaReliability *
FmaReliabilityArg(FunctionCallInfo fcinfo, int kind)
{
	FmaReliability *r = PG_GETARG_RELIABILITY(0);

	if (r->kind != FMA_RELIABILITY_EMPTY && (r->kind < kind || r->classes > 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the %s value lacks what this function needs", FMA_RELIABILITY_TYPE),
				 errdetail("It is a state of fma_ece or fma_classwise_ece."),
				 errhint("Make it with the aggregate fma_reliability(confidence, correct).")));
	return r;
}

/* Reports probabilities in two orders, which cannot be summed */
static void
CheckSameLabels(uint32 labels, uint32 before)
{
	if (labels != before)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("labels must be the same in all rows of a group, and in the same order"),
				 errhint("Bring labels and probabilities of every row into one order first.")));
}

/*
 * A state ready for rows of this kind, bins, classes and labels, given one that
 * is not: a new one in place of the empty value, and else an error.
 */
FmaReliability *
FmaReliabilityStart(FmaReliability *r, int kind, int bins, int classes, uint32 labels)
{
	if (r->kind == FMA_RELIABILITY_EMPTY)
	{
		r = NewReliability(kind, bins, classes);
		r->labels = labels;
		return r;
	}
	if (r->bins != bins)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins must be the same for all rows of a group"),
				 errdetail("bins is %d, and was %d before.", bins, r->bins)));
	if (r->kind != kind || (r->classes > 1) != (classes > 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot add rows to a value of another aggregate")));
	if (r->classes != classes)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("probabilities must have the same length in all rows of a group"),
				 errdetail("The length is %d, and was %d before.", classes, r->classes)));
	CheckSameLabels(labels, r->labels);
	return r;
}

/*
 * The number of bins as an argument.  Not a strict function's: NULL would
 * leave out every row, and an empty answer would look like an answer.
 */
int
FmaCheckBins(FunctionCallInfo fcinfo, int argno)
{
	int			bins;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("bins must not be NULL"),
				 errhint("Without this argument there are %d bins.", FMA_DEFAULT_BINS)));
	bins = PG_GETARG_INT32(argno);
	if (bins < 1 || bins > FMA_MAX_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins must be between 1 and %d", FMA_MAX_BINS),
				 errdetail("bins is %d.", bins)));
	return bins;
}

/* Decides a bin where p * bins is close to a whole number; see FmaBinOf */
int
FmaBinNearEdge(double p, int bins, int i)
{
	i = Min(i, bins - 1);
	if (p < (double) i / bins)
		return i - 1;
	if (i + 1 < bins && p >= (double) (i + 1) / bins)
		return i + 1;
	return i;
}

/*
 * -ln(q) for q in (0, 1], to about an ulp.  Of our own because the C
 * library's differs in the last bit between processors, and sums must not.
 *
 * q = 2^k * m with m between sqrt(1/2) and sqrt(2), and ln(m) = 2 artanh(s)
 * with s = (m - 1) / (m + 1), |s| <= 0.172.  The series' first omitted term is
 * below 2^-54 of the result.  Terms are paired so that they do not wait for
 * each other.
 */
static inline double
NegativeLog(double q)
{
	int64		bits;
	int64		k;
	double		m,
				s,
				z,
				z2,
				z4,
				tail;

	memcpy(&bits, &q, sizeof(bits));
	k = (bits - SQRT_HALF_BITS) >> MANTISSA_BITS;
	bits -= k << MANTISSA_BITS;
	memcpy(&m, &bits, sizeof(m));
	s = (m - 1.0) / (m + 1.0);
	z = s * s;
	z2 = z * z;
	z4 = z2 * z2;
	tail = (1.0 / 3 + z * (1.0 / 5)) + z2 * (1.0 / 7 + z * (1.0 / 9)) +
		z4 * ((1.0 / 11 + z * (1.0 / 13)) + z2 * (1.0 / 15 + z * (1.0 / 17)) + z4 * (1.0 / 19));
	return -(k * M_LN2 + 2.0 * (s + s * (z * tail)));
}

/* Adds a row to a state that carries everything */
static inline void
AddFull(FmaReliability *r, double p, bool correct)
{
	FmaFullBin *bin = FmaGetFullBin(r, FmaBinOf(p, r->bins));
	int64		fixed = FmaToFixed(p);
	double		q = correct ? p : 1.0 - p;

	FmaBinAdd(&bin->gap, fixed, correct);
	bin->squared += (int128) fixed * fixed >> FMA_FIXED_BITS;
	bin->when_correct += correct ? fixed : 0;
	q = q < LOG_LOSS_CLIP ? LOG_LOSS_CLIP : q;
	q = q > 1.0 - LOG_LOSS_CLIP ? 1.0 - LOG_LOSS_CLIP : q;
	r->log_loss += FmaToFixed(NegativeLog(q) * (1.0 / FMA_LOG_LOSS_UNIT));
}

/*
 * The transition of every overload: (state, confidence, correct [, bins]).
 * Inlined, so that nothing is asked of a row that "kind" has decided.
 */
static pg_attribute_always_inline Datum
AddRow(FunctionCallInfo fcinfo, int kind, int bins)
{
	FmaReliability *r = FmaReliabilityState(fcinfo);
	double		p = FmaCheckUnit("confidence", PG_GETARG_FLOAT8(1));
	bool		correct = PG_GETARG_BOOL(2);

	if (unlikely(r->kind != kind || r->bins != bins || r->classes != 1))
		r = FmaReliabilityStart(r, kind, bins, 1, 0);
	if (kind == FMA_RELIABILITY_FULL)
		AddFull(r, p, correct);
	else
		FmaBinAdd(FmaGapBin(r, FmaBinOf(p, bins)), FmaToFixed(p), correct);
	PG_RETURN_POINTER(r);
}

/* Whether one of the first three arguments is NULL; with "bins" no transition is strict */
static inline bool
LeavesOut(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2);
}

/* Transition with the default bins */
Datum
fma_reliability_add(PG_FUNCTION_ARGS)
{
	return AddRow(fcinfo, FMA_RELIABILITY_FULL, FMA_DEFAULT_BINS);
}

/* Transition with a number of bins */
Datum
fma_reliability_add_bins(PG_FUNCTION_ARGS)
{
	int			bins = FmaCheckBins(fcinfo, 3);

	return LeavesOut(fcinfo) ? FmaLeaveOut(fcinfo) : AddRow(fcinfo, FMA_RELIABILITY_FULL, bins);
}

/* Transition of the calibration error alone, with the default bins */
Datum
fma_ece_add(PG_FUNCTION_ARGS)
{
	return AddRow(fcinfo, FMA_RELIABILITY_GAPS, FMA_DEFAULT_BINS);
}

/* Transition of the calibration error alone, with a number of bins */
Datum
fma_ece_add_bins(PG_FUNCTION_ARGS)
{
	int			bins = FmaCheckBins(fcinfo, 3);

	return LeavesOut(fcinfo) ? FmaLeaveOut(fcinfo) : AddRow(fcinfo, FMA_RELIABILITY_GAPS, bins);
}

/* Two values that have no sum */
static void
CheckAddable(const FmaReliability *a, const FmaReliability *b)
{
	if (a->bins != b->bins)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot add %s values with different bins", FMA_RELIABILITY_TYPE),
				 errdetail("One has %d bins, the other has %d.", a->bins, b->bins)));
	if (a->kind != b->kind || a->classes != b->classes)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot add %s values of different aggregates", FMA_RELIABILITY_TYPE),
				 errdetail("One has %d fields and %d classes, the other has %d and %d.",
						   FieldCount(a->kind), a->classes, FieldCount(b->kind), b->classes)));
	CheckSameLabels(b->labels, a->labels);
}

/* Adds what b's bin j holds to a's bin i; both are of one kind */
static void
AddBin(FmaReliability *a, int i, const FmaReliability *b, int j)
{
	FmaBin	   *to = FmaGetBin(a, i);
	const FmaBin *from = FmaGetBin(b, j);

	to->n = FmaAddCounts(to->n, from->n, FMA_RELIABILITY_TYPE);
	to->correct += from->correct;
	to->confidence += from->confidence;
	if (a->kind == FMA_RELIABILITY_FULL)
	{
		FmaGetFullBin(a, i)->squared += FmaGetFullBin(b, j)->squared;
		FmaGetFullBin(a, i)->when_correct += FmaGetFullBin(b, j)->when_correct;
	}
}

/* Sum of two values: the operator +, the rollup's transition and the combine function */
Datum
fma_reliability_combine(PG_FUNCTION_ARGS)
{
	FmaReliability *b = PG_GETARG_RELIABILITY(1);
	FmaReliability *a;
	int128		total = 0;

	if (b->kind == FMA_RELIABILITY_EMPTY)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	a = FmaReliabilityState(fcinfo);
	if (a->kind == FMA_RELIABILITY_EMPTY)
		a = FmaReliabilityStart(a, b->kind, b->bins, b->classes, b->labels);
	CheckAddable(a, b);
	for (int i = 0; i < FmaCells(a); i++)
	{
		AddBin(a, i, b, i);
		total += FmaGetBin(a, i)->n;
	}
	if (total > PG_INT64_MAX)
		FmaCountOverflow(FMA_RELIABILITY_TYPE);
	a->log_loss += b->log_loss;
	PG_RETURN_POINTER(a);
}

/* Reports bins that others cannot be put together to */
static void
BadCoarseBins(int from, int to)
{
	StringInfoData divisors;

	initStringInfo(&divisors);
	for (int bins = 1; bins <= from; bins++)
		if (from % bins == 0)
			appendStringInfo(&divisors, "%s%d", bins == 1 ? "" : ", ", bins);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("bins must divide the %d bins of the %s value", from, FMA_RELIABILITY_TYPE),
			 errdetail("bins is %d.", to),
			 errhint("Use one of: %s.", divisors.data)));
}

/*
 * fma_coarsen(r, bins): the same rows in fewer bins, each made of as many
 * neighbours.  Exact: i/B is the same double as (i * k)/(B * k), so the edges
 * are those that the rows would have met.
 */
Datum
fma_coarsen(PG_FUNCTION_ARGS)
{
	FmaReliability *r = PG_GETARG_RELIABILITY(0);
	int			bins = FmaCheckBins(fcinfo, 1);
	FmaReliability *coarse;

	if (r->kind == FMA_RELIABILITY_EMPTY || r->bins == bins)
		PG_RETURN_POINTER(r);
	if (r->bins % bins != 0)
		BadCoarseBins(r->bins, bins);
	coarse = NewReliability(r->kind, bins, r->classes);
	coarse->labels = r->labels;
	coarse->log_loss = r->log_loss;
	/* bins divides the bins of each class, so no coarse bin lies in two */
	for (int i = 0; i < FmaCells(r); i++)
		AddBin(coarse, i / (r->bins / bins), r, i);
	PG_RETURN_POINTER(coarse);
}
