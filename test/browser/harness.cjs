// TAP, pages in Chromium that record what they should not do, and what is
// measured inside them. Used by page.cjs, which has the tests.
const { createRequire } = require('module');
const path = require('path');
const { pathToFileURL } = require('url');

// A PNG of one pixel
const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

let count = 0;
let failed = 0;

// One test: passes when the function returns, or resolves, without an error.
// FMA_ONLY in the environment is a pattern of the names of those to run.
async function test(name, body) {
	if (!new RegExp(process.env.FMA_ONLY || '').test(name)) return;
	count++;
	try {
		await body();
		console.log(`ok ${count} - ${name}`);
	} catch (error) {
		failed++;
		console.log(`not ok ${count} - ${name}`);
		console.log(String(error && error.message || error).split('\n').slice(0, 30).map(line => '#   ' + line.slice(0, 600)).join('\n'));
	}
}

function finish() {
	console.log(`1..${count}`);
	process.exitCode = failed ? 1 : 0;
}

// Fails unless the list is empty, and shows its first entries.
function none(what, list) {
	if (list.length > 0) throw new Error(`${list.length} ${what}:\n${list.slice(0, 12).map(item => typeof item === 'string' ? item : JSON.stringify(item)).join('\n')}`);
}

function equal(what, expected, actual) {
	const [a, b] = [JSON.stringify(expected), JSON.stringify(actual)];
	if (a !== b) throw new Error(`${what}: expected ${a.slice(0, 800)}, got ${String(b).slice(0, 800)}`);
}

class Browser {
	static async launch(modules, executablePath) {
		const { chromium } = createRequire(path.join(modules, 'package.json'))('playwright-core');
		// The pages are our own, and containers seldom let Chromium make its sandbox
		const browser = await chromium.launch({ executablePath, chromiumSandbox: false, args: ['--disable-dev-shm-usage', '--disable-gpu'] });
		return new Browser(browser);
	}

	constructor(browser) {
		this.browser = browser;
	}

	close() {
		return this.browser.close();
	}

	// A file in a page of its own. page.problems collects every request but that
	// of the file and of the images that it may show, every message, error and dialog.
	async open(file, { width = 1400, height = 900, dark = false, hash = '', images = [] } = {}) {
		const context = await this.browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
		const page = await context.newPage();
		const url = pathToFileURL(file).href;
		page.problems = [];
		page.file = file;
		page.setDefaultTimeout(10000);
		await context.addInitScript(() => {
			addEventListener('securitypolicyviolation', event => console.error('CSP ' + event.violatedDirective + ' ' + event.blockedURI));
		});
		await context.route('**/*', route => {
			const request = route.request();
			if (request.url().split('#')[0] === url) return route.continue();
			if (images.includes(request.url()) && request.resourceType() === 'image')
				return route.fulfill({ contentType: 'image/png', body: pixel });
			page.problems.push('request ' + route.request().url().slice(0, 200));
			return route.abort();
		});
		page.on('console', message => page.problems.push(`console ${message.type()}: ${message.text().slice(0, 200)}`));
		page.on('pageerror', error => page.problems.push('error ' + error.message));
		page.on('dialog', dialog => { page.problems.push('dialog ' + dialog.message()); dialog.dismiss(); });
		page.on('popup', () => page.problems.push('popup'));
		await page.goto(url + hash, { waitUntil: 'load' });
		return page;
	}
}

// The functions below run inside the page.

// Widest overhang over the page's own width, and the elements that make it.
function overhang() {
	const limit = document.documentElement.clientWidth;
	const scroll = document.scrollingElement.scrollWidth;
	if (scroll <= limit) return [];
	const culprits = [...document.body.querySelectorAll('*')].filter(element => element.getBoundingClientRect().right > limit + 1
		&& !element.parentElement.closest('svg'))
		.filter(element => {
			for (let up = element.parentElement; up && up !== document.body; up = up.parentElement)
				if (getComputedStyle(up).overflowX !== 'visible') return false;
			return true;
		});
	return [`page is ${scroll} px wide in ${limit} px`, ...culprits.slice(-6).map(element => `${element.tagName} .${element.getAttribute('class')} #${element.id}: right edge ${Math.round(element.getBoundingClientRect().right)}`)];
}

// What does not fit on paper: beyond the page's width, or cut off by a box that can be scrolled on a screen.
function clipped() {
	const limit = document.documentElement.clientWidth;
	const problems = [];
	for (const element of document.body.querySelectorAll('*')) {
		if (!element.checkVisibility() || element.parentElement.closest('svg')) continue;
		const box = element.getBoundingClientRect();
		const style = getComputedStyle(element);
		if (box.width <= 1 || style.clip !== 'auto' || style.clipPath !== 'none') continue;	// for screen readers
		const name = `${element.tagName} .${element.getAttribute('class')} in #${(element.closest('section[id]') || element).id}`;
		if (box.right > limit + 1 && !element.closest('[data-shortened]')) problems.push(`${name}: right edge ${Math.round(box.right)} of ${limit}`);
		if (style.overflowX !== 'visible' && style.textOverflow !== 'ellipsis' && style.display !== 'inline' && element.scrollWidth > element.clientWidth + 1)
			problems.push(`${name}: ${element.scrollWidth} px in a box of ${element.clientWidth}`);
	}
	return problems;
}

// Visible text whose contrast with what is behind it is below WCAG's AA.
// The page must be in view as a whole, for what is behind an SVG's text.
function faintText() {
	const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
	const seen = new Map();
	const rgba = color => {
		if (!seen.has(color)) {
			canvas.clearRect(0, 0, 1, 1);
			canvas.fillStyle = color;
			canvas.fillRect(0, 0, 1, 1);
			const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
			seen.set(color, [r, g, b, a / 255]);
		}
		return seen.get(color);
	};
	const over = (top, below) => below.slice(0, 3).map((c, i) => top[i] * top[3] + c * (1 - top[3])).concat(1);
	const luminance = color => {
		const [r, g, b] = color.slice(0, 3).map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const contrast = (a, b) => {
		const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
		return (high + 0.05) / (low + 0.05);
	};
	// All that may be behind an element: one colour, or each of a gradient
	const behind = element => {
		const layers = [];
		if (element.closest('svg')) {
			const box = element.getBoundingClientRect();
			const stack = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2);
			for (const shape of stack.slice(stack.indexOf(element) + 1)) {
				if (!(shape instanceof SVGGeometryElement)) continue;
				const style = getComputedStyle(shape);
				if (style.fill === 'none' || style.fill.startsWith('url')) continue;
				const fill = rgba(style.fill);
				layers.push([[...fill.slice(0, 3), fill[3] * style.fillOpacity * style.opacity]]);
			}
			element = element.closest('svg');
		}
		for (let up = element; up; up = up.parentElement) {
			const style = getComputedStyle(up);
			const stops = style.backgroundImage.match(/(?:rgba?|color|oklch|oklab|lab|lch|hsl)\([^()]*\)/g);
			if (stops) layers.push([...stops.map(rgba), rgba(style.backgroundColor)]);
			else layers.push([rgba(style.backgroundColor)]);
		}
		return layers.reverse().reduce((colors, layer) => colors.flatMap(below => layer.map(top => over(top, below))), [[255, 255, 255, 1]]).slice(0, 64);
	};
	const problems = [];
	let checked = 0;
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node = walker.nextNode(); node; node = walker.nextNode()) {
		const element = node.parentElement;
		if (!node.data.trim() || element.closest('title, style') || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
		const box = element.getBoundingClientRect();
		if (box.width <= 1 || box.height <= 1) continue;
		const style = getComputedStyle(element);
		const svg = Boolean(element.closest('svg'));
		let color = rgba(svg ? style.fill : style.color);
		let opacity = svg ? Number(style.fillOpacity) : 1;
		for (let up = element; up; up = up.parentElement) opacity *= getComputedStyle(up).opacity;
		color = [...color.slice(0, 3), color[3] * opacity];
		const size = parseFloat(style.fontSize);
		const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
		checked++;
		for (const ground of behind(element)) {
			const ratio = contrast(over(color, ground), ground);
			if (ratio < least) {
				problems.push(`${ratio.toFixed(2)} "${node.data.trim().slice(0, 30)}" ${element.tagName} .${element.getAttribute('class')} in #${(element.closest('section[id]') || element).id}: ${style.color} on ${ground.slice(0, 3).map(Math.round)}`);
				break;
			}
		}
	}
	return { checked, problems };
}

// Whatever could run or load something: elements, handlers, addresses.
function activeContent() {
	const problems = [];
	const secure = /^(#|data:image\/(png|jpeg|webp);base64,|https:\/\/)/;
	for (const element of document.querySelectorAll('*')) {
		const tag = element.localName;
		if (['script', 'iframe', 'object', 'embed', 'link', 'base', 'form', 'foreignobject', 'audio', 'video', 'source', 'template', 'use', 'animate', 'set'].includes(tag.toLowerCase())) problems.push(`<${tag}>`);
		for (const { name, value } of element.attributes) {
			if (/^on/i.test(name)) problems.push(`${tag} ${name}=${value.slice(0, 60)}`);
			if (['href', 'src', 'srcset', 'xlink:href', 'action', 'formaction', 'poster', 'background', 'data'].includes(name) && !secure.test(value)) problems.push(`${tag} ${name}=${value.slice(0, 60)}`);
			if (name === 'src' && tag !== 'img') problems.push(`${tag} src=${value.slice(0, 60)}`);
			if (name === 'style' && /url\((?!#)|expression|@import/i.test(value)) problems.push(`${tag} style=${value.slice(0, 60)}`);
		}
		if (tag === 'style' && /url\((?!#)|@import/i.test(element.textContent)) problems.push('style with an address');
	}
	return problems;
}

// Links to places that are not in the page, and ids that are there twice.
function brokenLinks() {
	const ids = new Map();
	for (const element of document.querySelectorAll('[id]')) ids.set(element.id, (ids.get(element.id) || 0) + 1);
	return [...[...document.querySelectorAll('a[href^="#"]')].map(link => link.getAttribute('href').slice(1)).filter(id => !ids.has(decodeURIComponent(id))).map(id => 'no #' + id),
		...[...ids].filter(([, times]) => times > 1).map(([id, times]) => `#${id} ${times} times`)];
}

module.exports = { test, finish, none, equal, Browser, overhang, clipped, faintText, activeContent, brokenLinks };
