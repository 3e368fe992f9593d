// The player pool: the imported value and the calibrated one.
export function render(player) {
  return `${player.name} ${player.projection} (${player.projectionCalibrated ?? player.projection})`;
}
