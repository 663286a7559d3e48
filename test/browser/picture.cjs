// A picture of the top of a report, down to the end of the section named.
// Arguments: the report, the directory of node_modules, the browser's program,
// the picture. Run by script/picture.
const { Browser } = require('./harness.cjs');

const [file, modules, program, picture] = process.argv.slice(2);
const width = 1400;
const lastSection = 'hotspots';

async function main() {
	const browser = await Browser.launch(modules, program);
	const page = await browser.open(require('path').resolve(file), { width });
	const height = await page.evaluate(id => Math.ceil(document.getElementById(id).getBoundingClientRect().bottom + scrollY), lastSection);
	await page.setViewportSize({ width, height });
	await page.screenshot({ path: picture, clip: { x: 0, y: 0, width, height } });
	await browser.close();
}

main().catch(error => { console.error(error.message); process.exit(1); });
