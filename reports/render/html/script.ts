/**
 * A nicety only: one cursor through all charts, with the values of its second. The report says everything
 * without it. No hole may ever be put into it: its hash is in the page's policy.
 */
export const script = `
for (const plot of document.querySelectorAll(".plot")) {
  const move = (event) => {
    const box = plot.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    for (const figure of document.querySelectorAll(".chart")) {
      const hits = figure.querySelectorAll(".hits rect");
      const bin = Math.min(hits.length - 1, Math.max(0, Math.floor(share * hits.length)));
      figure.querySelector(".cursor").setAttribute("d", "M" + (bin * 10 + 5) + " 0V1000");
      figure.querySelector("output").textContent = hits[bin].textContent;
    }
  };
  const leave = () => {
    for (const figure of document.querySelectorAll(".chart")) {
      figure.querySelector(".cursor").setAttribute("d", "");
      figure.querySelector("output").textContent = "";
    }
  };
  plot.addEventListener("pointermove", move);
  plot.addEventListener("pointerdown", move);
  plot.addEventListener("pointerleave", leave);
}
`;

/** SHA-256 of `script`, base64; a test recomputes it. */
export const scriptHash = "sha256-cNAxndYPdiHPFI1hcpogugAB0j2GVP8iqG/Itjlja5Y=";
