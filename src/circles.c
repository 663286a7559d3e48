/*
 * circles.c
 *		Places on the globe, and the circles around each.
 *
 * A circle grows place by place, those at the same distance together, for as
 * long as it has no more than so many rows.
 */
#include "circles.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "random.h"

/* Distances that differ by less are the same: what rounding makes of equal ones is far less */
#define SAME_KM 1e-6

/* Circles whose signature is remembered, at the most */
#define MOST_REMEMBERED (1 << 22)
#define FEW_REMEMBERED (1 << 10)

/* The point of a position on the unit sphere; degrees */
void
FmaPutOnSphere(double longitude, double latitude, double x[3])
{
	double		lambda = longitude * (M_PI / 180),
				phi = latitude * (M_PI / 180);

	x[0] = cos(phi) * cos(lambda);
	x[1] = cos(phi) * sin(lambda);
	x[2] = sin(phi);
}

/* The square of the chord between two points */
static inline double
SquaredChord(const double *a, const double *b)
{
	double		dx = a[0] - b[0],
				dy = a[1] - b[1],
				dz = a[2] - b[2];

	return dx * dx + dy * dy + dz * dz;
}

/* The arc between two points of the unit sphere, accurate for any (Kahan) */
double
FmaArc(const double *a, const double *b)
{
	double		opposite[3] = {-b[0], -b[1], -b[2]};

	return 2 * atan2(sqrt(SquaredChord(a, b)), sqrt(SquaredChord(a, opposite)));
}

/* A place, and how far it is from the centre */
typedef struct Neighbour
{
	double		distance;		/* squared chord */
	uint32		place;
} Neighbour;

static inline bool
IsNearer(const Neighbour *a, const Neighbour *b)
{
	return a->distance != b->distance ? a->distance < b->distance : a->place < b->place;
}

/* Lets an element of a heap sink to where it belongs; the nearest is on top */
static void
Sink(Neighbour *heap, int n, int i)
{
	Neighbour	sinking = heap[i];

	for (;;)
	{
		int			child = 2 * i + 1;

		if (child >= n)
			break;
		if (child + 1 < n && IsNearer(&heap[child + 1], &heap[child]))
			child++;
		if (!IsNearer(&heap[child], &sinking))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = sinking;
}

/* While circles are made */
typedef struct Making
{
	const double *x;
	const int64 *rows;
	int			nplaces;
	double		most_rows;
	int64		all_rows;
	FmaBudget  *budget;
	FmaCircles	circles;
	int64		capacity;
	Neighbour  *heap;
	uint64	   *remembered;		/* signatures of circles, by their last bits; newer ones replace older ones */
	uint64		mask;
} Making;

/* Adds a place to the list of a centre */
static void
AddMember(Making *making, int64 i, uint32 place)
{
	if (i >= making->capacity)
	{
		Size		size = sizeof(uint32) * making->capacity;

		FmaCharge(making->budget, size);
		making->capacity *= 2;
		making->circles.members = repalloc_huge(making->circles.members, 2 * size);
	}
	making->circles.members[i] = place;
}

/* Marks the end of a circle, whose places have this signature */
static void
EndCircle(Making *making, uint32 *member, uint64 signature)
{
	uint64	   *slot = &making->remembered[signature & making->mask];

	*member |= FMA_CIRCLE_ENDS;
	if (*slot == signature)
		*member |= FMA_CIRCLE_REPEATS;
	else
		making->circles.ncircles++;
	*slot = signature;
}

/* Lists the places around a centre from member number "first" on; returns the number after the last one */
static int64
MakeCirclesAround(Making *making, int centre, int64 first)
{
	const double *x = making->x + 3 * centre;
	Neighbour  *heap = making->heap;
	int64		next = first;
	int64		rows = 0;
	uint64		signature = 0;
	int			left = making->nplaces;

	for (int place = 0; place < making->nplaces; place++)
	{
		heap[place].distance = SquaredChord(x, making->x + 3 * place);
		heap[place].place = place;
	}
	for (int i = left / 2 - 1; i >= 0; i--)
		Sink(heap, left, i);
	while (left > 0)
	{
		int64		ring = next;	/* the places at one distance */
		double		km = FmaArc(x, making->x + 3 * heap[0].place) * FMA_EARTH_KM;
		double		last_km;

		do
		{
			uint32		place = heap[0].place;

			AddMember(making, next++, place);
			rows += making->rows[place];
			signature += FmaMixBits(place);
			heap[0] = heap[--left];
			Sink(heap, left, 0);
			last_km = km;
			if (left > 0)
				km = FmaArc(x, making->x + 3 * heap[0].place) * FMA_EARTH_KM;
		} while (left > 0 && km - last_km <= SAME_KM);
		if ((rows > making->most_rows && ring > first) || rows == making->all_rows)
			return ring;
		EndCircle(making, &making->circles.members[next - 1], signature);
		if (rows > making->most_rows)
			break;
	}
	return next;
}

/*
 * The circles around every place, each of at most "most_rows" rows; a place
 * alone is one, however many rows it has, unless they are all.  x: points on the
 * unit sphere; rows: of each place.
 */
FmaCircles
FmaMakeCircles(const double *x, const int64 *rows, int nplaces, double most_rows, FmaBudget *budget)
{
	Making		making = {.x = x,.rows = rows,.nplaces = nplaces,.most_rows = most_rows,.budget = budget};
	int64		next = 0;
	uint64		slots = FEW_REMEMBERED;

	while (slots < MOST_REMEMBERED && slots < (double) nplaces * nplaces / 2)
		slots *= 2;
	making.mask = slots - 1;
	making.capacity = Max(nplaces, 64);
	FmaCharge(budget, (sizeof(uint32) + sizeof(int64)) * making.capacity + sizeof(Neighbour) * nplaces +
			  sizeof(uint64) * slots);
	making.circles.first = palloc_extended(sizeof(int64) * (nplaces + 1), MCXT_ALLOC_HUGE);
	making.circles.members = palloc_extended(sizeof(uint32) * making.capacity, MCXT_ALLOC_HUGE);
	making.heap = palloc_extended(sizeof(Neighbour) * nplaces, MCXT_ALLOC_HUGE);
	making.remembered = palloc_extended(sizeof(uint64) * slots, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int place = 0; place < nplaces; place++)
		making.all_rows += rows[place];
	for (int centre = 0; centre < nplaces; centre++)
	{
		CHECK_FOR_INTERRUPTS();
		making.circles.first[centre] = next;
		next = MakeCirclesAround(&making, centre, next);
	}
	making.circles.first[nplaces] = next;
	pfree(making.heap);
	pfree(making.remembered);
	FmaRelease(budget, sizeof(Neighbour) * nplaces + sizeof(uint64) * slots);
	return making.circles;
}
