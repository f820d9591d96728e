import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import './style/base.css';
import './style/layout.css';
import './style/list.css';
import './style/token.css';
import './style/dialog.css';
import './style/narrow.css';

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
