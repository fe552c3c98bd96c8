/**
 * One column of type and rules, no boxes. Colours are from the Okabe-Ito family (told apart by colour-blind
 * readers) with one set of lightness for each theme; percentiles are shades of one hue, because they are ordered.
 */
export const style = `
:root{color-scheme:light dark;
--paper:#fdfdfb;--ink:#1c2126;--quiet:#5c656d;--rule:#d9dcd8;--faint:#eef0ec;
--met:#00705a;--breached:#b83a00;--unknown:#7a4fa3;--wash:#fbeee6;--wash2:#f3edf8;
--low:#5d9bc6;--mid:#2b78ab;--pale:#a9cbe2;--chip:#8a6400;--high:#0b4f7d;--main:#3c8dc0;--warn:#8f62b5;--bad:#cf5200;
--c1:#0b6aa8;--c2:#9c5d00;--c3:#00806a;--c4:#a83f7f;--c5:#5c656d;--c6:#7a4fa3;
--band:#b8860b;--limit:#b83a00}
@media (prefers-color-scheme:dark){:root{
--paper:#14181b;--ink:#e4e7e6;--quiet:#9aa4ab;--rule:#323a40;--faint:#1d2327;
--met:#3fc6a5;--breached:#ff8a4f;--unknown:#c7a3ea;--wash:#33211a;--wash2:#282033;
--low:#3b78a5;--mid:#58a6d6;--pale:#2f6288;--chip:#e8c04a;--high:#bfe2f8;--main:#4a98c9;--warn:#b48ad8;--bad:#ee7b35;
--c1:#63b3e8;--c2:#e8a33d;--c3:#45c2a6;--c4:#e58fc2;--c5:#9aa4ab;--c6:#c7a3ea;
--band:#e8c04a;--limit:#ff8a4f}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
main,header,footer{max-width:68rem;margin:0 auto;padding:0 1.25rem}
h1,h2,h3{line-height:1.2;text-wrap:balance}
h2{font-size:1.2rem;margin:3rem 0 .75rem;padding-top:.6rem;border-top:2px solid var(--ink)}
h3{font-size:1rem;margin:1.8rem 0 .4rem}
p{margin:.4rem 0;max-width:46rem}
small{font-size:.8em;color:var(--quiet);font-weight:400}
code,pre{font:.88em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{margin:.2rem 0;padding:.5rem .7rem;background:var(--faint);overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
a{color:inherit;text-decoration-color:var(--quiet);text-underline-offset:.2em}
summary{cursor:pointer;margin:.8rem 0;color:var(--quiet)}
.quiet,.none{color:var(--quiet)}
.bad-word{color:var(--breached)}
.heard{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.mark{display:inline-block;width:1.1em;font-weight:700;text-align:center}
.mark.met{color:var(--met)}.mark.breached{color:var(--breached)}.mark.unknown{color:var(--unknown)}
.number{display:inline-block;min-width:1.35em;padding:0 .3em;text-align:center;background:var(--chip);color:var(--paper);font-size:.8em}

.top{display:flex;justify-content:space-between;gap:1rem;flex-wrap:wrap;padding:1.1rem 0 .5rem;color:var(--quiet);font-size:.85rem}
.verdict{border-top:6px solid;padding:.7rem 0 .2rem}
.verdict.met{border-color:var(--met)}.verdict.breached{border-color:var(--breached)}.verdict.unknown{border-color:var(--unknown)}
.verdict h1{font-size:clamp(1.4rem,4.2vw,2.1rem);margin:.2rem 0 .5rem;font-weight:650;letter-spacing:-.015em}
.verdict.met h1 b{color:var(--met)}.verdict.breached h1 b{color:var(--breached)}.verdict.unknown h1 b{color:var(--unknown)}
.verdict p{font-size:1.08rem;max-width:54rem}
.verdict .example{color:var(--quiet);font-size:.95rem}
.verdict .cut{font-weight:600}
.causes h2{font-size:1rem;margin:1rem 0 .3rem;padding:0;border:0}
.causes ol{margin:.2rem 0;padding-left:1.4rem;max-width:62rem}
.causes li{margin:.3rem 0 .7rem}
.causes dl{margin:.15rem 0;font-size:.9rem;line-height:1.4}
.causes dl div{display:flex;gap:.6rem}
.causes dt{flex:0 0 4.6rem;color:var(--quiet)}
.causes dd{margin:0;min-width:0;overflow-wrap:anywhere}
.causes .remedy dd{font-weight:600}
.causes details summary{margin:.1rem 0;font-size:.85rem}
.facts{display:flex;flex-wrap:wrap;gap:.35rem 2rem;margin:1rem 0}
.facts dt{font-size:.78rem;color:var(--quiet)}
.facts dd{margin:0;overflow-wrap:anywhere}
nav{margin:1rem 0 0;font-size:.85rem}
nav a{margin-right:1.1rem;white-space:nowrap}

table{border-collapse:collapse;width:100%;font-size:.86rem;line-height:1.35}
caption{text-align:left;color:var(--quiet);font-size:.82rem;padding:.2rem 0 .4rem}
caption span{position:sticky;left:0;display:inline-block;max-width:min(46rem,calc(100vw - 2.5rem))}
th,td{text-align:left;vertical-align:top;padding:.32rem .9rem .32rem 0;font-weight:400}
thead th{color:var(--quiet);font-size:.78rem;vertical-align:bottom;border-bottom:1px solid var(--ink);line-height:1.25}
tbody th{white-space:nowrap}
tbody tr{border-bottom:1px solid var(--rule)}
th small,.slo td small{display:block}
.num{text-align:right}
td:not(.wide),.word{white-space:nowrap}
.said{display:block;min-width:10rem;max-width:17rem;white-space:normal;overflow-wrap:anywhere}
.wide{min-width:13rem;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:.3rem 0 1rem}
.scroll th:last-child,.scroll td:last-child,.slo th:last-child,.slo td:last-child{padding-right:.3rem}

.slo{margin-top:.3rem;width:auto;min-width:60%}
.slo .check{border-top:1px solid var(--rule);border-bottom:0}
.slo .check th{font-weight:600}
.slo td.met b{font-weight:500}
.slo td.met small,.slo td.none{color:var(--quiet)}
.slo td.breached{background:var(--wash);color:var(--breached)}
.slo td.unknown{background:var(--wash2);color:var(--unknown)}
.slo td.breached small,.slo td.unknown small{color:inherit}
.slo .check td{padding-left:.45rem}.slo thead th:not(:first-child){padding-left:.45rem}
.slo .why{border:0}
.slo .why td{white-space:normal;padding:.1rem .3rem .35rem 1rem;overflow-wrap:anywhere}
.slo .why b{font-weight:600}

.bar{display:block;position:relative;height:.8rem;margin-top:.25rem;min-width:12rem;background:var(--faint);overflow:hidden}
.bar s,.bar i{position:absolute;top:0;bottom:0;min-width:1px}
.bar i{background:var(--band)}
.bar s{background:repeating-linear-gradient(90deg,var(--band) 0 2px,transparent 2px 4px)}

.charts{display:grid;gap:1.5rem}
.chart{margin:0;break-inside:avoid}
.chart figcaption{display:flex;flex-wrap:wrap;gap:0 .6rem;align-items:baseline;font-size:.86rem}
.chart .unit,.chart .about,.chart output{color:var(--quiet);font-size:.78rem}
.chart output{margin-left:auto;color:var(--ink)}
.chart .about{margin:.1rem 0 0 4.6rem}
.frame{display:grid;grid-template-columns:4.6rem minmax(0,1fr) 7.8rem;font-size:.72rem;color:var(--quiet);line-height:13px}
.phases{grid-column:2;position:relative;height:15px}
.phases span{position:absolute;overflow:hidden;white-space:nowrap;text-overflow:ellipsis;padding-left:calc(3px + var(--shift,0px));border-left:1px solid var(--quiet);height:15px}
.phases .fault{color:var(--ink);background:var(--paper);border:0;padding:0;z-index:1}
.phases b{display:inline-block;min-width:14px;text-align:center;background:var(--chip);color:var(--paper)}
.phases i{font-style:normal}
.y{grid-column:1;position:relative}
.y span{position:absolute;right:.5rem;transform:translateY(50%)}
.y em,.ends em{display:block;font-style:normal;height:15px;line-height:15px;white-space:nowrap}
.ends{position:relative;padding-left:.5rem}
.ends span{position:absolute;transform:translateY(-50%);white-space:nowrap;font-weight:600}
.plot{position:relative;border-bottom:1px solid var(--quiet);touch-action:pan-y}
.plot svg{display:block;width:100%;height:100%}
.x{grid-column:2;position:relative;height:15px}
.x span{position:absolute;transform:translateX(-50%)}
.x span:first-child{transform:none}
.legend{display:inline-flex;gap:.8rem;flex-wrap:wrap;font-size:.78rem}
.legend span::before{content:"";display:inline-block;width:.75em;height:.75em;margin-right:.35em;background:var(--k)}
svg path{vector-effect:non-scaling-stroke;fill:none}
.band{fill:var(--band);fill-opacity:.17}
.rows .band{fill-opacity:.07}
.grid{stroke:var(--rule);stroke-width:1}
.edge{stroke:var(--quiet);stroke-width:1;stroke-dasharray:1 3}
.line{stroke:var(--k);stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}
svg .fill{fill:var(--k)}
svg .level{fill:var(--main)}
.limit{stroke:var(--limit);stroke-width:1.2;stroke-dasharray:6 3}
.cursor{stroke:var(--ink);stroke-width:1}
.hits rect{fill:transparent}
.ends span{color:var(--k,var(--quiet))}
.ends .low{color:var(--quiet)}
.ends .is-limit{color:var(--limit)}
.low{--k:var(--low)}.mid{--k:var(--mid)}.high{--k:var(--high)}.due{--k:var(--quiet)}
.main{--k:var(--main)}.warn{--k:var(--warn)}.bad{--k:var(--bad)}.quiet{--k:var(--pale)}
.cat1{--k:var(--c1)}.cat2{--k:var(--c2)}.cat3{--k:var(--c3)}.cat4{--k:var(--c4)}.cat5{--k:var(--c5)}.cat6{--k:var(--c6)}
.line.high{stroke-width:2.2}.line.due,.line.cat2{stroke-dasharray:5 3}.line.cat3{stroke-dasharray:1.5 3}
.alarming td,.alarming th{color:var(--breached)}
footer{margin-top:3rem;padding-bottom:2rem;color:var(--quiet);font-size:.82rem}

@media (max-width:46rem){
body{font-size:14px}
main,header,footer{padding:0 .9rem}
.frame{grid-template-columns:3.6rem minmax(0,1fr) 4.6rem;font-size:10px}
.chart .about{margin-left:0}
.ends span{max-width:4.3rem;overflow:hidden;text-overflow:ellipsis}
.phases i{display:none}
.phases span{padding-left:3px}
.chart{position:relative}
.chart output:not(:empty){position:absolute;z-index:2;left:0;right:0;top:1.5em;background:var(--paper)}
.slo,.slo tbody,.slo tr,.slo td,.slo caption,.slo .check th{display:block}
.slo thead{display:none}
.slo{width:100%}
.slo .check{padding:.5rem 0 .2rem}
.slo .check th{white-space:normal}
.slo .check th small{display:inline;margin-left:.5em}
.slo .check td{display:flex;gap:.5em;align-items:baseline;padding:.12rem .3rem}
.slo .check td::before{content:attr(data-phase);flex:1;min-width:0;white-space:normal;color:var(--ink)}
.slo .check td.none{display:none}
.slo td small{min-width:9.5em;text-align:right}
.slo .why td{padding-left:.3rem}
}
@media print{
:root{--paper:#fff;--ink:#000}
body{font-size:10pt}main,header,footer{max-width:none;padding:0}
nav,.chart output{display:none}
h2{break-after:avoid}tr,.chart{break-inside:avoid}
.scroll{overflow:visible}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`;
