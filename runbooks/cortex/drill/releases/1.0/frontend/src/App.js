// The player pool: one value for each player.
export function render(player) {
  return `${player.name} ${player.projection}`;
}
