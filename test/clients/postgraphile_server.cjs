// Starts PostGraphile with the options of examples/dashboards/README.md and asks
// it over HTTP. Run by script/test-clients with the connection in the
// environment; argument: the directory of node_modules.
const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const [modules] = process.argv.slice(2);
const port = 5000 + process.pid % 1000;

// The command as a reader would type it, for another database and port
function command() {
	const readme = fs.readFileSync(path.join(__dirname, '../../examples/dashboards/README.md'), 'utf8').replace(/\\\n\s*/g, ' ');
	const line = readme.split('\n').find(line => /npx postgraphile@4 /.test(line));
	return line.slice(line.indexOf('npx postgraphile@4') + 18).trim().split(/\s+/).map(word => word
		.replace(/^postgres:.*/, `postgres://authenticator@/${process.env.PGDATABASE}?host=${process.env.PGHOST}&port=${process.env.PGPORT}`).replace(/^5000$/, String(port)));
}

async function ask(query) {
	const answer = await fetch(`http://127.0.0.1:${port}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) });
	return answer.json();
}

function check(what, condition) {
	if (!condition) throw new Error(what);
	console.log(`ok   postgraphile over HTTP: ${what}`);
}

async function main() {
	const server = spawn(path.join(modules, 'node_modules/.bin/postgraphile'), command(), { stdio: ['ignore', 'pipe', 'inherit'] });
	try {
		await new Promise((resolve, reject) => {
			server.stdout.on('data', text => { if (/listening/.test(text)) resolve(); });
			server.on('exit', status => reject(new Error(`it ended with ${status}`)));
			setTimeout(reject, 60000, new Error('it does not listen'));
		});
		const { data: { __schema: { queryType, mutationType } } } = await ask('{ __schema { queryType { fields { name } } mutationType { name } } }');
		const fields = queryType.fields.map(field => field.name).filter(name => !['query', 'nodeId', 'node'].includes(name)).sort();
		check('the schema api is served and nothing else', fields.join() === 'allDatasets,calibration,confidenceCurve,confusionMatrix,errorsByClass,overview,predictions,report,reportJson' && !mutationType);
		const { data } = await ask('{ allDatasets { nodes { dataset } } overview(dataset: "fashion") confusionMatrix(dataset: "fashion", modelVersion: "v1") report(dataset: "fashion", examples: 0) }');
		check('the datasets are those that are shared', JSON.stringify(data.allDatasets.nodes) === '[{"dataset":"fashion"}]');
		check('JSON arrives as JSON', data.overview.n === 10000 && data.confusionMatrix.labels.length === 10);
		check('the report is a page', /^<!doctype html>/i.test(data.report) && data.report.includes('</html>'));
		const refused = await ask('{ overview(dataset: "flights") }');
		check('what is not shared does not exist', refused.data.overview === null && /does not exist/.test(refused.errors[0].message));
	} finally {
		server.kill();
	}
}

main().then(() => process.exit(0), error => { console.error(error.message); process.exit(1); });
