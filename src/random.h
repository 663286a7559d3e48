/*
 * random.h
 *		Random numbers by counting: number i of a stream is a function of the seed, the stream and i.
 *
 * Philox 4x32 with 10 rounds (Salmon et al., Parallel random numbers: as easy
 * as 1, 2, 3, SC 2011).  Streams need no order, so that a replicate is the same
 * whatever is drawn before it.
 */
#ifndef FMA_RANDOM_H
#define FMA_RANDOM_H

#include "fma.h"

#define FMA_PHILOX_ROUNDS 10

typedef struct FmaRandom
{
	uint32		key[2];			/* the seed */
	uint64		stream;
	uint64		count;			/* blocks drawn */
	uint64		spare;			/* the second half of a block */
	bool		has_spare;
} FmaRandom;

static inline void
FmaRandomInit(FmaRandom *random, uint64 seed, uint64 stream)
{
	random->key[0] = (uint32) seed;
	random->key[1] = (uint32) (seed >> 32);
	random->stream = stream;
	random->count = random->spare = 0;
	random->has_spare = false;
}

/* The block of a counter */
static inline void
FmaPhilox(const uint32 key[2], uint32 counter[4])
{
	uint32		key0 = key[0],
				key1 = key[1];

	for (int round = 0; round < FMA_PHILOX_ROUNDS; round++)
	{
		uint64		a = (uint64) 0xD2511F53 * counter[0],
					b = (uint64) 0xCD9E8D57 * counter[2];

		counter[0] = (uint32) (b >> 32) ^ counter[1] ^ key0;
		counter[2] = (uint32) (a >> 32) ^ counter[3] ^ key1;
		counter[1] = (uint32) b;
		counter[3] = (uint32) a;
		key0 += 0x9E3779B9;
		key1 += 0xBB67AE85;
	}
}

/* 64 random bits */
static inline uint64
FmaRandomBits(FmaRandom *random)
{
	uint32		counter[4];

	if (random->has_spare)
	{
		random->has_spare = false;
		return random->spare;
	}
	counter[0] = (uint32) random->count;
	counter[1] = (uint32) (random->count >> 32);
	counter[2] = (uint32) random->stream;
	counter[3] = (uint32) (random->stream >> 32);
	random->count++;
	FmaPhilox(random->key, counter);
	random->spare = (uint64) counter[2] | (uint64) counter[3] << 32;
	random->has_spare = true;
	return (uint64) counter[0] | (uint64) counter[1] << 32;
}

/*
 * A number from 0 to below n, each as likely but for n / 2^64; "fraction" is
 * what remains of the bits, uniform and independent of the number.
 */
static inline uint64
FmaRandomBelow(FmaRandom *random, uint64 n, uint64 *fraction)
{
	uint128		product = (uint128) FmaRandomBits(random) * n;

	*fraction = (uint64) product;
	return (uint64) (product >> 64);
}

/* A number whose bits depend on all bits of another one: splitmix64 (Steele, Lea, Flood 2014) */
static inline uint64
FmaMixBits(uint64 bits)
{
	bits += UINT64CONST(0x9E3779B97F4A7C15);
	bits = (bits ^ (bits >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	bits = (bits ^ (bits >> 27)) * UINT64CONST(0x94D049BB133111EB);
	return bits ^ (bits >> 31);
}

#endif							/* FMA_RANDOM_H */
