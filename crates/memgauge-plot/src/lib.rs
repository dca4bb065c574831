//! Plots of results, as SVG and PNG.
