"""Renders plotly figures as SVG without a browser: the subset that the app's own figures use.

    drawn = drawing.draw(figure, width=720, theme=themes.theme("dark"))
    drawn.body, drawn.width, drawn.height

A file drawn this way is a hundredth of plotly's bundle and needs no script. Unsupported features
raise `NotDrawnError` instead of being left out.
"""
