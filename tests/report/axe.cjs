// Opens pages in headless Chromium at several widths, runs axe-core (WCAG 2.0 to 2.2, A and AA, and its best
// practices), notes requests that leave the disk and content wider than the window, prints a tagged PDF; JSON on stdout.
// node axe.cjs MODULES CHROMIUM WIDTH,WIDTH PAGE...
const path = require("path");
const [modules, chromium, widths, ...pages] = process.argv.slice(2);
const puppeteer = require(path.join(modules, "puppeteer-core"));
const { source } = require(path.join(modules, "axe-core"));
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];

(async () => {
  const browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] });
  const tab = await browser.newPage();
  const visits = [];
  let requests = [];
  tab.on("request", (request) => { if (!/^(file|data):/.test(request.url())) requests.push(request.url()); });
  await tab.setBypassCSP(true); // axe is a script from outside, which the pages' own policy would refuse
  for (const page of pages) {
    for (const width of widths.split(",").map(Number)) {
      requests = [];
      await tab.setViewport({ width, height: 900 });
      await tab.goto("file://" + page);
      const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      await tab.evaluate(source);
      const result = await tab.evaluate((tags) => axe.run(document, { runOnly: { type: "tag", values: tags } }), TAGS);
      visits.push({
        page, width, requests, overflow, passes: result.passes.length,
        violations: result.violations.map((v) => `${v.id}: ${v.nodes[0].html}`),
      });
    }
  }
  await tab.goto("file://" + pages[0]);
  const pdf = Buffer.from(await tab.pdf({ tagged: true, format: "A4" })).toString("latin1");
  await tab.setJavaScriptEnabled(false);
  await tab.goto("file://" + pages[0]);
  const silent = await tab.$eval("main", (main) => main.innerText.length).catch(() => -1);
  await browser.close();
  console.log(JSON.stringify({ visits, tagged: pdf.includes("/StructTreeRoot") && pdf.includes("/Lang"), silent }));
})();
