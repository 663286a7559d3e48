-- k-means over a query that is read as often as it takes

CREATE FUNCTION fma_kmeans_train(query text, k integer, options jsonb DEFAULT NULL) RETURNS fma_kmeans
	AS 'MODULE_PATHNAME' LANGUAGE C COST 100000;
COMMENT ON FUNCTION fma_kmeans_train(text, integer, jsonb) IS
'fits k clusters to the embeddings of a query, whose rows need not fit in memory: one scan an iteration
The query has one column, the embedding. Options are those of the aggregate fma_kmeans.';
