// Reads every view, and the dashboard's JSON, through PostGraphile (GraphQL).
// Run by script/test-clients with the connection in the environment; arguments:
// the schema of the extension, a dataset, and the directory of node_modules.
const { createRequire } = require('module');
const [schema, dataset, modules] = process.argv.slice(2);
const load = createRequire(modules + '/');
const { Pool } = load('pg');
const { createPostGraphileSchema, withPostGraphileContext } = load('postgraphile');
const { graphql } = load('graphql');

async function main() {
	const pool = new Pool();
	// PostGraphile hides what belongs to an extension unless it is told not to.
	const graph = await createPostGraphileSchema(pool, [schema], { includeExtensionResources: true, dynamicJson: true, setofFunctionsContainNulls: false });
	const ask = async source => {
		const answer = await withPostGraphileContext({ pgPool: pool }, context => graphql({ schema: graph, source, contextValue: { ...context } }));
		if (answer.errors) throw new Error(source + ': ' + answer.errors.map(error => error.message).join('; '));
		return answer.data;
	};
	const fields = graph.getQueryType().getFields();
	const views = (await pool.query(`SELECT relname, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', $1::text, relname), false, true, '')))[1]::text::int AS n
		FROM pg_class WHERE relkind = 'v' AND relnamespace = $1::regnamespace AND relname LIKE 'fma\\_%' ORDER BY 1`, [schema])).rows;
	if (views.length === 0) throw new Error('no view found');
	for (const view of views) {
		const camel = view.relname.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
		const plural = Object.keys(fields).find(name => name.toLowerCase() === ('all' + camel).toLowerCase() || name.toLowerCase() === ('all' + camel + 's').toLowerCase()
			|| name.toLowerCase() === ('all' + camel).toLowerCase().replace(/y$/, 'ies'));
		if (!plural) throw new Error(view.relname + ' is not in the GraphQL schema');
		const node = fields[plural].type.getFields().nodes.type.ofType.ofType.ofType || fields[plural].type.getFields().nodes.type.ofType.ofType;
		const columns = Object.keys(node.getFields()).filter(name => name !== 'nodeId');
		const data = await ask(`{ ${plural} { totalCount nodes { ${columns.join(' ')} } } }`);
		if (data[plural].nodes.length !== view.n) throw new Error(`${view.relname}: ${data[plural].nodes.length} rows, psql sees ${view.n}`);
		console.log(`ok   postgraphile ${view.relname}: ${view.n} rows, ${columns.length} columns`);
	}
	for (const name of ['fmaGetOverview', 'fmaGetConfusionMatrix', 'fmaGetConfidenceCurve', 'fmaGetErrorsByClass', 'fmaGetCalibration', 'fmaGetPredictions']) {
		const data = await ask(`{ ${name}(dataset: ${JSON.stringify(dataset)}) }`);
		if (!data[name] || typeof data[name] !== 'object') throw new Error(name + ' returned no JSON');
		console.log(`ok   postgraphile ${name}`);
	}
	await pool.end();
}

main().catch(error => { console.error(error.message); process.exit(1); });
