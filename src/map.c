/*
 * map.c
 *		Places by longitude and latitude: sized by rows, coloured by rate.
 */
#include "charts.h"

#include "miscadmin.h"

/* Width in the image's own units, and the bounds of its height */
#define MAP_WIDTH 1000.0
#define MAP_LEAST_HEIGHT 360.0
#define MAP_MOST_HEIGHT 720.0
#define MAP_MARGIN 33.0

/* Radius of the place with the most rows, and of any other at least */
#define MOST_RADIUS 23.0
#define LEAST_RADIUS 2.5
/* One that a pointer can rest on, and so has a title */
#define LEAST_TARGET 3.5

/* Shades of the rate */
#define SHADES 5

/* More than this many places are no map */
#define MAX_PLACES 1000

/* Clusters in space and time that are drawn */
#define MAX_RINGS 10
#define KM_OF_DEGREE 111.2

/* The smallest extent in degrees, for places all at one point */
#define LEAST_EXTENT 0.02

typedef struct Place
{
	FmaNode    *row;
	double		longitude;
	double		latitude;
	double		n;
	double		rate;
} Place;

typedef struct Map
{
	FmaPage    *page;
	Place	   *places;
	int			count;
	double		cut;			/* longitudes below this are shown 360 degrees further east */
	double		west;
	double		east;
	double		south;
	double		north;
	double		scale;			/* units for a degree of latitude */
	double		narrowing;		/* a degree of longitude against one of latitude */
	double		height;
	double		most_n;
	double		steps[SHADES - 1];	/* rates between shades */
} Map;

static int
CompareDoubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/* The most rows first, so that small places lie above large ones */
static int
ComparePlaces(const void *a, const void *b)
{
	return -CompareDoubles(&((const Place *) a)->n, &((const Place *) b)->n);
}

/* Reads the places that have a position and a rate */
static void
ReadPlaces(Map *map, FmaNode *list)
{
	int			length = Min(FmaListLength(list), MAX_PLACES);

	map->places = palloc_array(Place, Max(length, 1));
	for (int i = 0; i < length; i++)
	{
		FmaNode    *row = FmaListObject(list, i);
		Place		place = {
			.row = row,
			.longitude = FmaNodeNumber(row, "longitude"),
			.latitude = FmaNodeNumber(row, "latitude"),
			.n = FmaNodeNumber(row, "n"),
			.rate = FmaNodeNumber(row, map->page->is_loss ? "mae" : "failure_rate")
		};

		if (fabs(place.longitude) <= 180 && fabs(place.latitude) <= 90 && place.n > 0 && !isnan(place.rate))
		{
			map->places[map->count++] = place;
			map->most_n = Max(map->most_n, place.n);
		}
	}
}

/* Cuts the globe where the widest stretch without places is, so that the dateline parts none */
static void
CutGlobe(Map *map)
{
	double	   *longitudes = palloc_array(double, map->count);
	double		widest;

	for (int i = 0; i < map->count; i++)
		longitudes[i] = map->places[i].longitude;
	qsort(longitudes, map->count, sizeof(double), CompareDoubles);
	widest = longitudes[0] + 360 - longitudes[map->count - 1];
	map->cut = -180;
	for (int i = 1; i < map->count; i++)
		if (longitudes[i] - longitudes[i - 1] > widest)
		{
			widest = longitudes[i] - longitudes[i - 1];
			map->cut = longitudes[i];
		}
}

static double
ShownLongitude(const Map *map, double longitude)
{
	return longitude < map->cut ? longitude + 360 : longitude;
}

/* Chooses the part of the world that is shown, and its scale */
static void
FrameMap(Map *map)
{
	double		width;
	double		middle;

	map->west = map->east = ShownLongitude(map, map->places[0].longitude);
	map->south = map->north = map->places[0].latitude;
	for (int i = 1; i < map->count; i++)
	{
		double		longitude = ShownLongitude(map, map->places[i].longitude);

		map->west = Min(map->west, longitude);
		map->east = Max(map->east, longitude);
		map->south = Min(map->south, map->places[i].latitude);
		map->north = Max(map->north, map->places[i].latitude);
	}
	map->narrowing = Max(0.2, cos((map->south + map->north) / 2 * M_PI / 180));
	width = Max((map->east - map->west) * map->narrowing, LEAST_EXTENT);
	map->scale = (MAP_WIDTH - 2 * MAP_MARGIN) / width;
	if ((map->north - map->south) * map->scale > MAP_MOST_HEIGHT - 2 * MAP_MARGIN)
		map->scale = (MAP_MOST_HEIGHT - 2 * MAP_MARGIN) / (map->north - map->south);
	map->height = Max(MAP_LEAST_HEIGHT, (map->north - map->south) * map->scale + 2 * MAP_MARGIN);
	/* What is shown reaches to the image's edges. */
	middle = (map->west + map->east) / 2;
	map->west = middle - MAP_WIDTH / 2 / map->scale / map->narrowing;
	map->east = middle + MAP_WIDTH / 2 / map->scale / map->narrowing;
	middle = (map->south + map->north) / 2;
	map->south = middle - map->height / 2 / map->scale;
	map->north = middle + map->height / 2 / map->scale;
}

static double
MapX(const Map *map, double longitude)
{
	return (ShownLongitude(map, longitude) - map->west) * map->scale * map->narrowing;
}

static double
MapY(const Map *map, double latitude)
{
	return (map->north - latitude) * map->scale;
}

/*
 * The rates between shades: fifths of all rows, so that each shade has as many;
 * a few places with few rows do not pale all others.
 */
static void
ChooseShades(Map *map)
{
	double	   *rates = palloc_array(double, map->count);

	for (int i = 0; i < map->count; i++)
		rates[i] = map->places[i].rate;
	qsort(rates, map->count, sizeof(double), CompareDoubles);
	for (int i = 1; i < SHADES; i++)
		map->steps[i - 1] = rates[(int) ((int64) map->count * i / SHADES)];
}

static int
Shade(const Map *map, double rate)
{
	int			shade = 0;

	while (shade < SHADES - 1 && rate >= map->steps[shade])
		shade++;
	return shade + 1;
}

/* A line and its degrees, for each round longitude and latitude */
static void
PutGraticule(const Map *map)
{
	StringInfo	out = map->page->out;
	double		step = FmaAxisStep(Max(map->east - map->west, map->north - map->south), 8);

	for (double degrees = ceil(map->west / step) * step; degrees < map->east; degrees += step)
	{
		double		x = (degrees - map->west) * map->scale * map->narrowing;
		double		shown = degrees > 180 ? degrees - 360 : degrees < -180 ? degrees + 360 : degrees;

		appendStringInfo(out, "<path class=\"grid\" d=\"M%.1f 0V%.0f\"/>", x, map->height);
		if (x > 40 && x < MAP_WIDTH - 40)
			appendStringInfo(out, "<text class=\"tick mid\" x=\"%.1f\" y=\"%.0f\">%g&deg;%s</text>\n",
							 x, map->height - 6, fabs(shown), shown < -1e-9 ? "W" : shown > 1e-9 ? "E" : "");
	}
	for (double degrees = ceil(map->south / step) * step; degrees < map->north; degrees += step)
	{
		double		y = MapY(map, degrees);

		if (fabs(degrees) > 90)
			continue;
		appendStringInfo(out, "<path class=\"grid\" d=\"M0 %.1fH%.0f\"/>", y, MAP_WIDTH);
		if (y > 20 && y < map->height - 24)
			appendStringInfo(out, "<text class=\"tick\" x=\"4\" y=\"%.1f\">%g&deg;%s</text>\n",
							 y - 4, fabs(degrees), degrees < -1e-9 ? "S" : degrees > 1e-9 ? "N" : "");
	}
}

/* Whether the rate of a place may be that of all rows */
static bool
IsChance(const Map *map, const Place *place)
{
	return FmaNodeNumber(place->row, "ci_low") <= map->page->baseline && map->page->baseline <= FmaNodeNumber(place->row, "ci_high");
}

static void
PutPlace(const Map *map, const Place *place)
{
	StringInfo	out = map->page->out;
	double		radius = Max(LEAST_RADIUS, MOST_RADIUS * sqrt(place->n / map->most_n));
	char	   *name = FmaNodeText(place->row, "place");

	appendStringInfo(out, "<circle class=\"s%d%s\" cx=\"%.0f\" cy=\"%.0f\" r=\"%.1f\"",
					 Shade(map, place->rate), IsChance(map, place) ? " faint" : "", MapX(map, place->longitude), MapY(map, place->latitude), radius);
	/* Nobody can point at the smallest. */
	if (radius < LEAST_TARGET)
	{
		FmaPut(out, "/>\n");
		return;
	}
	FmaPut(out, "><title>");
	FmaPutCut(out, name == NULL ? "no place" : name, FMA_SHOWN_LENGTH);
	FmaPut(out, ": ");
	FmaPutFigure(out, FmaRateFormat(map->page) (place->rate));
	FmaPut(out, " of ");
	FmaPutFigure(out, FmaCountText(place->n));
	FmaPut(out, "</title></circle>\n");
}

/* The clusters of places and periods, as numbered rings */
static void
PutRings(const Map *map, FmaNode *clusters)
{
	StringInfo	out = map->page->out;

	for (int i = 0; i < Min(FmaListLength(clusters), MAX_RINGS); i++)
	{
		FmaNode    *cluster = FmaListObject(clusters, i);
		double		longitude = FmaNodeNumber(cluster, "longitude");
		double		latitude = FmaNodeNumber(cluster, "latitude");
		double		radius = FmaNodeNumber(cluster, "radius_km") / KM_OF_DEGREE * map->scale;

		/* Only those that are within the image */
		if (!(fabs(longitude) <= 180 && fabs(latitude) <= 90 && radius >= 0 && radius < MAP_WIDTH) ||
			FmaNodeNumber(cluster, "rank") != i + 1 || !(FmaNodeNumber(cluster, "p_value") < FMA_SIGNIFICANT))
			continue;
		radius = Max(radius, 5);
		appendStringInfo(out, "<circle class=\"ring\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/><text class=\"name ring mid\" x=\"%.1f\" y=\"%.1f\">%d</text>\n",
						 MapX(map, longitude), MapY(map, latitude), radius, MapX(map, longitude),
						 Max(12, MapY(map, latitude) - radius - 3), i + 1);
	}
}

/* What the shades mean */
static void
PutLegend(const Map *map)
{
	StringInfo	out = map->page->out;
	char	   *(*format) (double value) = FmaRateFormat(map->page);

	FmaPut(out, "<p class=\"legend\">");
	for (int i = 0; i < SHADES; i++)
	{
		/* Shades that no rate has are left out. */
		if (i > 0 && i < SHADES - 1 && map->steps[i - 1] >= map->steps[i])
			continue;
		appendStringInfo(out, "<span><svg width=\"14\" height=\"14\" aria-hidden=\"true\"><circle class=\"s%d\" cx=\"7\" cy=\"7\" r=\"6\"/></svg> ", i + 1);
		if (i == 0)
			FmaPut(out, "below ");
		else if (i == SHADES - 1)
			FmaPut(out, "from ");
		if (i == 0 || i == SHADES - 1)
			FmaPutFigure(out, format(map->steps[i == 0 ? 0 : SHADES - 2]));
		else
			FmaPutInterval(out, map->steps[i - 1], map->steps[i], format);
		FmaPut(out, "</span> ");
	}
	FmaPut(out, "<span>Faint: may be chance.</span> <span>The larger, the more rows.</span></p>\n");
}

/* Appends a map of fma_places' rows; false and nothing when fewer than two have a position */
bool
FmaPutMap(FmaPage *page, FmaNode *places, FmaNode *clusters)
{
	Map			map = {.page = page};

	ReadPlaces(&map, places);
	if (map.count < 2)
		return false;
	CutGlobe(&map);
	FrameMap(&map);
	ChooseShades(&map);
	qsort(map.places, map.count, sizeof(Place), ComparePlaces);
	appendStringInfo(page->out, "<figure><svg class=\"map\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"Map of places; the table below has the worst\">\n",
					 MAP_WIDTH, map.height);
	PutGraticule(&map);
	for (int i = 0; i < map.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		PutPlace(&map, &map.places[i]);
	}
	PutRings(&map, clusters);
	FmaPut(page->out, "</svg>");
	PutLegend(&map);
	FmaPut(page->out, "</figure>\n");
	return true;
}
