/*
 * circles.h
 *		Places on the globe, and the circles around each.
 */
#ifndef FMA_CIRCLES_H
#define FMA_CIRCLES_H

#include "scan.h"

/* The mean radius of the Earth (IUGG) */
#define FMA_EARTH_KM 6371.0088

extern void FmaPutOnSphere(double longitude, double latitude, double x[3]);
extern FmaCircles FmaMakeCircles(const double *x, const int64 *rows, int nplaces, double most_rows, FmaBudget *budget);

#endif							/* FMA_CIRCLES_H */
