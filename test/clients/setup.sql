-- Two datasets and their runs, for clients to read; see script/test-clients
SELECT fma_register('fashion', 'fashion', truth => 'true_label', prediction => 'pred_label', confidence => 'confidence',
	id => 'id', batch => 'batch', model_version => 'model_version');
SELECT fma_add_rule('fashion', 'F1Score', 0.8, by => 'label');
SELECT fma_run('fashion');
SELECT fma_register('flights', 'flights', truth => 'true_label', prediction => 'pred_label', confidence => 'confidence',
	id => 'id', occurred_at => 'ts', place => 'origin');
SELECT fma_run('flights', until => '2001-05-01');
SELECT fma_run('flights');
