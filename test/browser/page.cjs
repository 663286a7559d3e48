// The report's page in a browser. Arguments: the directory with the reports
// (NAME.html, and NAME.json that it was made of; NAME.bare.html without rows),
// that of node_modules, and the browser's program. See test/browser.sh.
const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');
const { test, finish, none, equal, Browser, overhang, clipped, faintText, activeContent, brokenLinks } = require('./harness.cjs');

const [directory, modules, program] = process.argv.slice(2);
const names = fs.readdirSync(directory).filter(name => name.endsWith('.json')).map(name => name.slice(0, -5)).sort();
const file = name => path.join(directory, name + '.html');
const data = name => JSON.parse(fs.readFileSync(path.join(directory, name + '.json'), 'utf8'));

const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:";
const maxBare = 100 * 1024;	// ten labels, without rows
const maxHostile = 600 * 1024;	// with rows, and a label of 10 kB in every place

// The ids of the groups of rows that are seen. Unless one is asked for, it is that of all errors.
const shownGroups = page => page.evaluate(() => [...document.querySelectorAll('[id^="cell-"], [id^="hotspot-"][id$="-rows"], #errors-rows')]
	.filter(element => element.checkVisibility() && element.getBoundingClientRect().height > 0).map(element => element.id));

// The visible rows of a group's table, as objects by the headings of their columns
const shownRows = (page, id) => page.evaluate(id => {
	const table = document.getElementById(id).querySelector('table');
	if (!table) return [];
	const headings = [...table.querySelectorAll('thead th')].map(th => th.innerText.trim().toLowerCase());
	return [...table.querySelectorAll('tbody tr')].filter(row => row.checkVisibility() && row.getBoundingClientRect().height > 0)
		.map(row => Object.fromEntries([...row.children].map((cell, i) => [headings[i], cell.innerText.trim()])));
}, id);

const cellGroups = report => report.examples.groups.filter(group => group.kind === 'cell');
const cellId = (report, group) => `cell-${report.confusion.labels.indexOf(group.truth)}-${report.confusion.labels.indexOf(group.prediction)}`;
// Addresses of images that a page may show: over https, and no more than an address
const isShown = image => /^(https:\/\/[^\s"<>]+|data:image\/(png|jpeg|webp);base64,[\w+/=]+)$/.test(image);
const items = report => (report.examples ? report.examples.groups : []).flatMap(group => group.items);
const open = {
	browser: null,
	page(name, options) { return this.browser.open(file(name), { images: items(data(name)).map(item => item.image).filter(isShown), ...options }); },
};

async function closing(page, body) {
	try { return await body(page); } finally { await page.context().close(); }
}

// What must hold of every page
async function everyPage(name) {
	await test(`${name}: no script, no handler, no address but its own, and the policy that forbids them`, async () => {
		await closing(await open.page(name), async page => {
			none('active parts', await page.evaluate(activeContent));
			equal('policy', policy, await page.evaluate(() => document.querySelector('head > meta[http-equiv="Content-Security-Policy"]').content));
			equal('referrer', 'no-referrer', await page.evaluate(() => document.querySelector('head > meta[name=referrer]').content));
			equal('language', true, await page.evaluate(() => document.documentElement.lang.length >= 2));
			if (!(await page.title()).includes(data(name).dataset)) throw new Error('the title is ' + await page.title());
		});
	});
	await test(`${name}: every link leads somewhere in the page`, async () => {
		await closing(await open.page(name), async page => none('broken links', await page.evaluate(brokenLinks)));
	});
	for (const dark of [false, true]) {
		for (const width of [400, 1400]) {
			await test(`${name}: ${width} px, ${dark ? 'dark' : 'light'}: no horizontal scrolling, nothing asked for or complained about`, async () => {
				await closing(await open.page(name, { width, dark }), async page => {
					none('overhanging', await page.evaluate(overhang));
					const targets = await page.evaluate(() => [...new Set([...document.querySelectorAll('a[href^="#"]')].map(link => link.hash))]);
					for (const hash of targets.filter((_, i) => i % Math.ceil(targets.length / 12) === 0)) {
						await page.evaluate(hash => { location.hash = hash; }, hash);
						none(`overhanging at ${hash}`, await page.evaluate(overhang));
					}
					await page.evaluate(() => { for (const details of document.querySelectorAll('details')) details.open = true; });
					none('overhanging with all details open', await page.evaluate(overhang));
					none('problems', page.problems);
				});
			});
		}
		await test(`${name}: ${dark ? 'dark' : 'light'}: all text stands out from what is behind it`, async () => {
			await closing(await open.page(name, { dark }), async page => {
				await page.evaluate(() => { for (const details of document.querySelectorAll('details')) details.open = true; });
				await page.setViewportSize({ width: 1400, height: Math.min(16000, await page.evaluate(() => document.scrollingElement.scrollHeight)) });
				for (const hash of ['', ...await page.evaluate(() => [...document.querySelectorAll('a[href^="#cell-"]')].slice(0, 1).map(link => link.hash))]) {
					await page.evaluate(hash => { location.hash = hash; scrollTo(0, 0); }, hash);
					const { checked, problems } = await page.evaluate(faintText);
					if (checked < 20) throw new Error(`only ${checked} texts were seen`);
					none('faint texts', problems);
				}
			});
		});
	}
	await test(`${name}: dark and light are what they are called`, async () => {
		const paper = [];
		for (const dark of [false, true])
			await closing(await open.page(name, { dark }), async page => paper.push(await page.evaluate(() => {
				const style = getComputedStyle(document.body);
				return [style.backgroundColor, style.color].map(color => (color.match(/[\d.]+/g) || []).slice(0, 3).reduce((a, b) => a + Number(b), 0));
			})));
		const [[lightPaper, lightInk], [darkPaper, darkInk]] = paper;
		if (!(lightPaper > 690 && lightInk < 200 && darkPaper < 150 && darkInk > 540)) throw new Error(`paper and ink: ${JSON.stringify(paper)}`);
	});
	await test(`${name}: prints on A4, no column cut off`, async () => {
		await closing(await open.page(name, { width: 718 }), async page => {	// A4 less margins of 1 cm
			await page.emulateMedia({ media: 'print' });
			none('clipped', await page.evaluate(clipped));
			const height = await page.evaluate(() => document.scrollingElement.scrollHeight);
			const pdf = (await page.pdf({ format: 'A4', margin: { left: '1cm', right: '1cm', top: '1cm', bottom: '1cm' } })).toString('latin1');
			const pages = (pdf.match(/\/Type\s*\/Page\b(?!s)/g) || []).length;
			if (pages < 1 || pages > 2 + height / 800) throw new Error(`${pages} pages of ${height} px`);
		});
	});
}

// Confusion matrix, rows and toggles, compared with the JSON that the page was made of
async function interaction(name) {
	const report = data(name);
	const groups = cellGroups(report);
	await test(`${name}: a click on a cell of the confusion matrix shows that cell's rows and no others`, async () => {
		await closing(await open.page(name), async page => {
			equal('groups before a click', ['errors-rows'], await shownGroups(page));
			for (const group of groups) {
				const id = cellId(report, group);
				await page.click(`#confusion a[href="#${id}"]:visible`);
				equal(`groups after a click on ${id}`, [id], await shownGroups(page));
				const rows = await shownRows(page, id);
				equal(`rows of ${id}`, group.items.map(item => [item.id, group.truth, group.prediction]), rows.map(row => [row.id, row.truth, row.prediction]));
				if (group.total > group.items.length && !(await page.locator('#' + id).innerText()).replace(/[\s,.]/g, '').includes('of' + group.total)) throw new Error(`${id} does not say of how many`);
			}
			equal('cells with rows', true, groups.length >= report.confusion.labels.length);
			none('problems', page.problems);
		});
	});
	await test(`${name}: a hotspot's link opens its rows and no others`, async () => {
		await closing(await open.page(name), async page => {
			const hotspots = report.examples.groups.filter(group => group.kind === 'hotspot');
			equal('hotspots', report.hotspots.length, hotspots.length);
			for (const group of hotspots) {
				const id = `hotspot-${group.rank}-rows`;
				await page.click(`#hotspots a[href="#${id}"] >> visible=true`);
				equal(`groups after a click on ${id}`, [id], await shownGroups(page));
				equal(`rows of ${id}`, group.items.map(item => [item.id, item.truth, item.prediction]), (await shownRows(page, id)).map(row => [row.id, row.truth, row.prediction]));
			}
		});
	});
	await test(`${name}: the toggle of the confusion matrix shows counts, shares of truth, shares of prediction`, async () => {
		await closing(await open.page(name), async page => {
			const { labels } = report.confusion;
			const figure = { counts: n => n, truth: x => x === null ? 0 : 100 * x, prediction: x => x === null ? 0 : 100 * x };
			for (const [value, matrix] of [['counts', report.confusion.counts], ['truth', report.confusion.share_of_truth], ['prediction', report.confusion.share_of_prediction], ['counts', report.confusion.counts]]) {
				const radio = page.locator(`input[name="confusion"][value="${value}"]`);
				await page.locator(`label[for="${await radio.getAttribute('id')}"]`).click();
				equal(`${value} is chosen`, true, await radio.isChecked());
				const seen = await page.evaluate(n => [...document.querySelectorAll('#confusion table tbody tr')].filter(row => row.checkVisibility()).map(row => [...row.querySelectorAll('td')].slice(0, n).map(cell => cell.innerText.trim())), labels.length);
				equal(`${value}: rows`, labels.length, seen.length);
				for (let i = 0; i < labels.length; i++)
					for (let j = 0; j < labels.length; j++) {
						const text = seen[i][j];
						const shown = text === '' || text === '·' || text === '–' ? 0 : parseFloat(text.replace(/[\s,%]/g, ''));
						const expected = figure[value](matrix[i][j]);
						const scale = /[kM]$/.test(text.replace(/[\s%]/g, '')) ? 1000 : 1;
						if (!(Math.abs(shown - expected / scale) <= (value === 'counts' && scale === 1 ? 0 : 0.5001))) throw new Error(`${value}: cell ${i}, ${j} shows "${text}" for ${expected}`);
					}
			}
		});
	});
	await test(`${name}: "only confident errors" hides exactly the others`, async () => {
		await closing(await open.page(name), async page => {
			const error = groups.find(group => group.truth !== group.prediction && new Set(group.items.map(item => item.error_type)).size > 1) || groups.find(group => group.truth !== group.prediction);
			const right = groups.find(group => group.truth === group.prediction);
			const all = report.examples.groups.find(group => group.kind === 'errors');
			const toggle = page.locator('label[for="confident-only"]');
			let kept = 0;
			let hidden = 0;
			for (const [group, id] of [[all, 'errors-rows'], [error, cellId(report, error)], [right, cellId(report, right)]]) {
				await page.evaluate(id => { location.hash = id; }, id);
				const ids = async () => (await shownRows(page, id)).map(row => row.id);
				const confident = group.items.filter(item => item.error_type === 'confident_error').map(item => item.id);
				equal(`${id}: all`, group.items.map(item => item.id), await ids());
				await toggle.click();
				equal(`${id}: confident errors`, confident, await ids());
				await toggle.click();
				equal(`${id}: all again`, group.items.map(item => item.id), await ids());
				kept += confident.length;
				hidden += group.items.length - confident.length;
			}
			if (!kept || !hidden) throw new Error(`${kept} rows were kept and ${hidden} hidden`);
		});
	});
	await test(`${name}: the keyboard alone reaches and works everything, and shows where it is`, async () => {
		const focus = page => page.evaluate(() => {
			const element = document.activeElement;
			const hash = element.hash || '';
			const ring = [element, ...(element.labels || [])].some(part => {
				const style = getComputedStyle(part);
				return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== 'none';
			});
			const what = element.name === 'confusion' ? 'radio' : element.id === 'confident-only' ? 'checkbox' : hash.startsWith('#cell-') ? 'cell' : /^#hotspot-.*-rows$/.test(hash) ? 'hotspot' : element.localName;
			return { what, ring, value: element.value, hash };
		});
		const works = {
			async radio(page) {
				const figures = () => page.locator('#confusion table').first().innerText();
				const before = await figures();
				await page.keyboard.press('ArrowRight');
				equal('the arrow chose', 'truth', (await focus(page)).value);
				if (await figures() === before) throw new Error('the arrow changed no figure');
			},
			async checkbox(page) {
				await page.keyboard.press('Space');
				equal('space checked it', true, await page.locator('#confident-only').isChecked());
			},
			async cell(page, { hash }) {
				await page.keyboard.press('Enter');
				equal('enter opened', [hash.slice(1)], await shownGroups(page));
			},
		};
		works.hotspot = works.cell;
		for (const wanted of Object.keys(works))
			await closing(await open.page(name), async page => {
				for (;;) {
					await page.keyboard.press('Tab');
					const at = await focus(page);
					if (at.what === 'body') throw new Error(`no ${wanted} was reached`);
					if (!at.ring) throw new Error(`nothing shows that ${at.what} ${at.hash} has the focus`);
					if (at.what === wanted) return works[wanted](page, at);
				}
			});
	});
}

// Labels that would be markup, right-to-left, or without end
async function hostile(name) {
	const report = data(name);
	await test(`${name}: labels stay text, whatever they are`, async () => {
		await closing(await open.page(name), async page => {
			equal('hit', undefined, await page.evaluate(() => window.hit));
			const images = items(report).map(item => item.image).filter(isShown).sort();
			equal('images', images, (await page.evaluate(() => [...document.images].map(image => image.getAttribute('src')))).sort());
			equal('kinds of images', 2, new Set(images).size);
			const text = await page.evaluate(() => document.body.textContent);
			for (const label of report.confusion.labels.filter(label => label.length > 0 && !/[\u0001\n]/.test(label)))
				if (!text.includes(label.slice(0, 20))) throw new Error('not found as text: ' + label);
			if (!(await page.evaluate(() => document.body.checkVisibility() && document.body.getBoundingClientRect().height > 500))) throw new Error('the page is hidden');
			none('problems', page.problems);
		});
	});
	await test(`${name}: right-to-left labels do not turn their neighbours around`, async () => {
		await closing(await open.page(name), async page => {
			const label = report.confusion.labels.find(label => /[\u0590-\u06ff]/.test(label));
			// A text of its own element is isolated by that; within a sentence it must be by its characters
			const loose = await page.evaluate(label => {
				const found = [];
				const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
				for (let node = walker.nextNode(); node; node = walker.nextNode()) {
					const parent = node.parentElement;
					if (!node.data.includes(label) || parent.closest('title, code, pre')) continue;
					const alone = node.data.trim() === label && /isolate|plaintext/.test(getComputedStyle(parent).unicodeBidi) && parent.textContent.trim() === label;
					if (!alone && !parent.closest('svg') && !node.data.includes('\u2068' + label + '\u2069')) found.push(`${parent.localName} in #${(parent.closest('section[id]') || {}).id}: ${node.data.slice(0, 60)}`);
				}
				return found;
			}, label);
			none('texts that are not isolated', loose);
		});
	});
	await test(`${name}: a label of 10 kB breaks neither the layout nor the size`, async () => {
		const size = fs.statSync(file(name)).size;
		if (size > maxHostile) throw new Error(`${size} bytes`);
		for (const width of [400, 1400])
			await closing(await open.page(name, { width }), async page => {
				none('high rows or wide columns', await page.evaluate(() => [...document.querySelectorAll('tr, th, td, p, li, h1, h2, h3, summary, caption, svg text')].filter(element => element.checkVisibility())
					.map(element => ({ element, box: element.getBoundingClientRect() })).filter(({ element, box }) => box.height > 900 || element.scrollWidth > 5000 || (box.width > 1400 && !element.closest('tr')))
					.map(({ element, box }) => `${element.localName} in #${(element.closest('section[id]') || {}).id}: ${Math.round(box.width)} x ${Math.round(box.height)}`)));
			});
	});
	await test(`${name}: a cell of these labels opens its rows`, async () => {
		await closing(await open.page(name), async page => {
			const groups = cellGroups(report).filter(group => group.truth !== group.prediction);
			if (groups.length < 2) throw new Error('no confused cells');
			for (const group of groups.slice(0, 6)) {
				const id = cellId(report, group);
				await page.click(`#confusion a[href="#${id}"]:visible`);
				equal(`groups after a click on ${id}`, [id], await shownGroups(page));
				equal(`rows of ${id}`, group.items.map(item => item.id), (await shownRows(page, id)).map(row => row.id));
			}
		});
	});
}

async function main() {
	if (names.length === 0) throw new Error('no report found in ' + directory);
	const { HtmlValidate, FileSystemConfigLoader } = createRequire(path.join(modules, 'package.json'))('html-validate');
	const checker = new HtmlValidate(JSON.parse(fs.readFileSync(path.join(__dirname, 'htmlvalidate.json'), 'utf8')));
	open.browser = await Browser.launch(modules, program);
	try {
		for (const name of names) {
			await test(`${name}: is valid HTML`, async () => {
				const { results } = await checker.validateString(fs.readFileSync(file(name), 'utf8'));
				none('mistakes', results.flatMap(result => result.messages.map(message => `${message.line}:${message.column} ${message.ruleId}: ${message.message}`)));
			});
			await everyPage(name);
		}
		await interaction('fashion');
		await interaction('flights');
		await hostile(names.find(name => name.includes('hostile')));
		await test('ten labels take no more than 100 kB without rows', async () => {
			const bare = path.join(directory, 'fashion.bare.html');
			equal('labels', 10, data('fashion').confusion.labels.length);
			if (fs.statSync(bare).size > maxBare) throw new Error(`${fs.statSync(bare).size} bytes`);
			await closing(await open.browser.open(bare), async page => {
				equal('groups', 0, await page.evaluate(() => document.querySelectorAll('[id^="cell-"] td').length));
				none('broken links', await page.evaluate(brokenLinks));
			});
		});
		await test('of more than 30 labels the matrix shows 30 and the others', async () => {
			const { confusion } = data('many');
			equal('labels in the JSON', [31, '(other)'], [confusion.labels.length, confusion.labels[30]]);
			await closing(await open.page('many'), async page => equal('headings in the page', 31, await page.evaluate(() => [...document.querySelectorAll('#confusion table tbody tr')].filter(row => row.checkVisibility()).length)));
		});
	} finally {
		await open.browser.close();
	}
	finish();
}

main().catch(error => { console.error(error); process.exit(1); });
