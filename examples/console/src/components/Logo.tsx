export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="5.5" cy="8" r="3.5" />
      <path d="M9 8h6v3M12 8v2" />
    </svg>
  );
}
