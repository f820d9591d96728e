/** What is shown while the first data are on their way. */
export function Skeleton() {
  return (
    <div className="skeleton" aria-hidden="true">
      {['one', 'two', 'three', 'four', 'five'].map((name) => (
        <span key={name} />
      ))}
    </div>
  );
}
